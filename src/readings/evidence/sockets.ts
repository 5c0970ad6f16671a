// What the sockets collector saved: the process's own sockets at the first look, the namespace's TCP sockets at the last,
// and the counters of both.
import { z } from "zod";
import { parseTcpState, type InetSocketState } from "../../parsers/proc-net.ts";
import { lineMatching, type Fact } from "../fact.ts";
import type { CollectorFiles } from "./files.ts";

/** One socket that the process holds, as it was at the first look. */
export interface OwnSocket {
  readonly protocol: string;
  readonly family?: string | undefined;
  readonly state?: string | undefined;
  /** `10.0.0.1:80`. */
  readonly local?: string | undefined;
  readonly peer?: string | undefined;
  readonly recvQueue?: number | undefined;
  readonly sendQueue?: number | undefined;
  readonly timer?: string | undefined;
  readonly retransmits?: number | undefined;
  readonly inode: number;
}

export interface CounterFact {
  readonly first: number;
  readonly last: number;
  readonly change: number;
}

export interface SocketEvidence {
  readonly own: readonly OwnSocket[];
  /** Between the two looks; undefined when there was only one. */
  readonly windowMs: number | undefined;
  /** The same socket at the last look, by its inode; undefined when it was gone. */
  readonly atLastLook: (inode: number) => InetSocketState | undefined;
  /** The raw line of a socket: that of ss where there is one, else the kernel's. */
  readonly lineOf: (socket: OwnSocket) => Omit<Fact<unknown>, "value">;
  /** Sockets in TIME_WAIT in the network namespace: they belong to no process. */
  readonly timeWait: Fact<number> | undefined;
  /** Of the whole network namespace, by name: `TcpExt.ListenOverflows`. */
  readonly counters: ReadonlyMap<string, Fact<CounterFact>>;
}

const Own = z.object({
  protocol: z.string(),
  family: z.string().optional(),
  state: z.string().optional(),
  local: z.string().optional(),
  peer: z.string().optional(),
  recvQueue: z.number().nonnegative().optional(),
  sendQueue: z.number().nonnegative().optional(),
  timer: z.string().optional(),
  retransmits: z.number().nonnegative().optional(),
  inode: z.number(),
});

const Counters = z.object({
  windowMs: z.number().nonnegative(),
  counters: z.record(z.string(), z.object({ first: z.number(), last: z.number(), change: z.number() })),
});

/** The same names on both systems where they mean the same; illumos has no owners, and so no sockets of the process here. */
export async function readSockets(files: CollectorFiles): Promise<SocketEvidence | undefined> {
  const { text, lines, json, path } = files;
  const tables = ["tcp.txt", "tcp6.txt", "tcp-last.txt", "tcp6-last.txt", "ss.txt", "sockstat.txt"].map(text);
  const [own, counters, tcp, tcp6, tcpLast, tcp6Last, ss, sockstat] = await Promise.all([
    lines("sockets.jsonl", Own),
    json("counters.json", Counters),
    ...tables,
  ]);
  if (own === undefined && counters === undefined) return undefined;
  return {
    // Without the kernel's table there is no word on whose they are.
    own: tcp === undefined ? [] : (own ?? []).map(({ value }) => value),
    windowMs: tcpLast === undefined ? undefined : counters?.windowMs,
    atLastLook: lookUp([tcpLast ?? "", tcp6Last ?? ""]),
    lineOf: (socket) =>
      rawLine(socket, [
        { value: ss, pattern: / ino:(\d+)/, file: path("ss.txt") },
        { value: tcp, pattern: KERNEL_INODE, file: path("tcp.txt") },
        { value: tcp6, pattern: KERNEL_INODE, file: path("tcp6.txt") },
      ]),
    timeWait: timeWaitOf(sockstat ?? "", path("sockstat.txt")),
    counters: new Map(
      Object.entries(counters?.counters ?? {}).map(([name, value]) => [
        name,
        { value, line: `${name} ${value.first} -> ${value.last}`, file: path("counters.json") },
      ]),
    ),
  };
}

/** `TCP: inuse 5 orphan 0 tw 3 alloc 8 mem 1` of /proc/net/sockstat: proc(5); both families are in it. */
function timeWaitOf(sockstat: string, file: string): Fact<number> | undefined {
  const line = lineMatching(sockstat, /^TCP: /);
  const value = / tw (\d{1,12})/.exec(line ?? "")?.[1];
  return value === undefined ? undefined : { value: Number(value), line, file };
}

/** The tenth column of /proc/net/tcp. */
const KERNEL_INODE = /^\s*(?:\S+\s+){9}(\d+)/;

function rawLine(
  { inode, protocol }: OwnSocket,
  places: readonly { readonly value: string | undefined; readonly pattern: RegExp; readonly file: string }[],
): Omit<Fact<unknown>, "value"> {
  for (const { value, pattern, file } of places) {
    // Looked for as text first: a table may have a hundred thousand lines.
    const lines = value?.includes(String(inode)) ? value.split("\n") : [];
    const line = lines.find((one) => one.includes(String(inode)) && pattern.exec(one)?.[1] === String(inode));
    if (line !== undefined) return { line, file };
  }
  return { file: places[protocol === "tcp" ? 1 : 0]?.file ?? "" };
}

/** Parsed when it is asked for: of a healthy process nobody asks. */
function lookUp(tables: readonly string[]): SocketEvidence["atLastLook"] {
  let byInode: Map<number, InetSocketState> | undefined;
  return (inode) => {
    if (byInode === undefined) {
      byInode = new Map();
      for (const table of tables)
        for (const line of table.split("\n")) {
          const socket = parseTcpState(line);
          if (socket !== undefined) byInode.set(socket.inode, socket);
        }
    }
    return byInode.get(inode);
  };
}
