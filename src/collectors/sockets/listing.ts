// sockets.jsonl, netstat.txt and summary.json: the process's sockets for machines and for people.
import type { Counters } from "../../parsers/proc-net-counters.ts";
import { printable } from "../../printable.ts";
import type { HeldSocket, TableSocket } from "./held-sockets.ts";

/** One line of sockets.jsonl. What is not known of a socket is absent. */
export interface SocketRow {
  readonly protocol: string;
  readonly family?: string;
  readonly state?: string | undefined;
  readonly local?: string | undefined;
  readonly peer?: string | undefined;
  readonly recvQueue?: number;
  readonly sendQueue?: number;
  readonly timer?: string | undefined;
  readonly timerMs?: number | undefined;
  readonly retransmits?: number;
  readonly inode: number;
  readonly fds: readonly number[];
}

export function listRows(held: readonly HeldSocket[]): readonly SocketRow[] {
  return held.map(({ inode, fds, socket }) => ({ ...rowOf(socket), inode, fds }));
}

function rowOf(socket: TableSocket | undefined): Omit<SocketRow, "inode" | "fds"> {
  if (socket === undefined) return { protocol: "unknown" };
  if (socket.protocol === "unix") {
    const local = socket.path === undefined ? undefined : printable(socket.path, 200);
    return { protocol: "unix", family: "unix", state: socket.state, local };
  }
  const { line: _line, uid: _uid, inode: _inode, ...row } = socket;
  return row;
}

/** In the manner of netstat -an: for people. */
export function tableOf(rows: readonly SocketRow[]): string {
  const head = ["Proto", "Recv-Q", "Send-Q", "Local", "Peer", "State", "Timer", "Inode", "Descriptors"];
  const cells = rows.map((row) => [
    `${row.protocol}${row.family === "inet6" ? "6" : ""}`,
    String(row.recvQueue ?? "-"),
    String(row.sendQueue ?? "-"),
    row.local ?? "-",
    row.peer ?? "-",
    row.state ?? "-",
    row.timer === undefined ? "-" : `${row.timer}/${row.timerMs ?? "?"}ms/${row.retransmits ?? 0}`,
    String(row.inode),
    row.fds.slice(0, 8).join(",") + (row.fds.length > 8 ? ",..." : ""),
  ]);
  const lines = [head, ...cells];
  const widths = head.map((_, column) =>
    lines.reduce((most, line) => Math.max(most, line[column]?.length ?? 0), 0),
  );
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** Numbers of the process, and apart from them those of its namespace: TIME_WAIT belongs to no process. */
export function summariseSockets(
  held: readonly HeldSocket[] | undefined,
  all: readonly TableSocket[],
  sockstat: Counters,
): Record<string, unknown> {
  const nobodys = all.filter((socket) => socket.inode === 0);
  return {
    process: held === undefined ? undefined : countStates(held.map(({ socket }) => socket)),
    namespace: {
      sockets: countStates(all),
      heldByNobody: countStates(nobodys),
      timeWait: nobodys.filter((socket) => socket.state === "TIME_WAIT").length,
      sockstat: Object.fromEntries(sockstat),
    },
  };
}

/** `tcp ESTABLISHED: 12`, ... and how many in all. */
export function countStates(sockets: readonly (TableSocket | undefined)[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const socket of sockets) {
    const key = socket === undefined ? "unknown" : `${socket.protocol} ${socket.state ?? "unknown"}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Object.fromEntries([["total", sockets.length], ...[...counts].toSorted(([, a], [, b]) => b - a)]);
}
