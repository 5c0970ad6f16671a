// pfiles, which stops the target while it looks, and netstat afterwards: pfiles does not say the state of a connection,
// netstat does not say whose it is. They are joined by the two addresses.
import { CommandError } from "../../errors.ts";
import { parseNetstat, type NetstatSocket } from "../../parsers/netstat-illumos.ts";
import { parsePfiles, pfilesFailure, type PfilesFile } from "../../parsers/pfiles.ts";
import { printable } from "../../printable.ts";
import { tryRun } from "../attempts.ts";
import type { CollectorContext, Reading } from "../collector.ts";
import { describePeer, portOf } from "../../parsers/connection-peers.ts";
import type { DescriptorRow } from "./descriptor.ts";
import { summariseFiles } from "./usage.ts";

type Context = CollectorContext<{ readonly maxFiles: number }>;
type States = ReadonlyMap<string, NetstatSocket>;

const TYPES: Readonly<Record<string, string>> = {
  S_IFREG: "file",
  S_IFDIR: "folder",
  S_IFSOCK: "socket",
  S_IFIFO: "pipe",
  S_IFCHR: "device",
  S_IFBLK: "device",
  S_IFDOOR: "door",
  S_IFPORT: "event-port",
};

export async function collectIllumosFiles(context: Context): Promise<readonly Reading[]> {
  const { target, options, gap, saveLines, saveJson } = context;
  context.method("pfiles");
  const argv: [string, string] = ["pfiles", String(target.pid)];
  // Its status is the number of processes that it could not look at.
  const output = await context.run(argv, { as: "pfiles.txt", accept: [1], stopsTarget: true });
  const found = parsePfiles(output.stdout);
  const failure = pfilesFailure(output.stderr);
  if (found.pid === undefined) throw failed(failure, output.stderr);
  if (failure !== undefined || output.truncated)
    gap(`pfiles did not finish: ${failure ?? "its output was cut"}`);
  if (found.isSystemProcess) return [];

  const described = found.files.slice(0, options.maxFiles);
  if (found.files.length > described.length)
    gap(`${described.length} of ${found.files.length} descriptors are described (maxFiles)`);
  const states = await readStates(context);
  const rows = described.map((file) => rowOf(file, states));
  await saveLines("fds.jsonl", rows);
  await saveJson("summary.json", summariseFiles({ open: found.files.length, limit: found.limit, rows }));
  return readCloseWait(rows, states);
}

function failed(failure: string | undefined, stderr: string): CommandError {
  const hints: Readonly<Record<string, string>> = {
    "permission denied": "run as root, or as the target's user with the privilege proc_owner",
    "process is traced": "a debugger or another proc tool holds the process; end that first",
  };
  const hint = hints[failure ?? ""];
  const reason = failure ?? printable(stderr.trim().split("\n").at(-1) ?? "");
  return new CommandError(`pfiles: ${reason || "it printed nothing"}`, hint === undefined ? {} : { hint });
}

/** TCP connections by their two addresses, IPv4 ones also as those of an IPv6 socket. */
async function readStates(context: Context): Promise<States> {
  const states = new Map<string, NetstatSocket>();
  for (const family of ["inet", "inet6"]) {
    const argv: [string, ...string[]] = ["netstat", "-an", "-f", family];
    const output = await tryRun(context, argv, { as: `netstat-${family}.txt` });
    for (const socket of parseNetstat(output?.stdout ?? ""))
      if (socket.protocol === "tcp" && socket.peer !== undefined) states.set(pair(socket), socket);
  }
  return states;
}

function pair({
  local,
  peer,
}: {
  readonly local?: string | undefined;
  readonly peer?: string | undefined;
}): string {
  return `${local} ${peer}`;
}

function rowOf(file: PfilesFile, states: States): DescriptorRow {
  const { socket } = file;
  const peers = [
    file.lock,
    file.door && `door to ${file.door}`,
    file.peerProcess && `peer: ${file.peerProcess}`,
  ];
  const details = [...peers.filter((line) => line !== undefined && line !== ""), ...(socket?.options ?? [])];
  const known = socket === undefined ? undefined : states.get(pair(socket));
  // Without a peer, a stream that is bound to an address is one that listens, or that is not connected yet.
  const isStream = socket?.type === "SOCK_STREAM" || socket?.type === undefined;
  return {
    fd: file.fd,
    type: TYPES[file.type] ?? file.type,
    target: file.path === undefined ? undefined : printable(file.path, 4096),
    flags: file.flags,
    position: file.offset,
    sizeBytes: file.sizeBytes,
    inode: file.inode,
    ...(details.length === 0 ? {} : { details: details.map((line) => printable(line ?? "")) }),
    socket: socket && {
      protocol: socket.family === "AF_UNIX" ? "unix" : socket.family && (isStream ? "tcp" : "udp"),
      state: known?.state,
      local: socket.local === undefined ? undefined : printable(socket.local),
      peer: socket.peer === undefined ? undefined : printable(socket.peer),
      sendQueue: known?.sendQueue,
      recvQueue: known?.recvQueue,
    },
  };
}

function readCloseWait(rows: readonly DescriptorRow[], states: States): readonly Reading[] {
  const waiting = rows.flatMap(({ socket }) => (socket?.state === "CLOSE_WAIT" ? [socket] : []));
  const [first] = waiting;
  const example = first === undefined ? undefined : states.get(pair(first));
  if (example === undefined) return [];
  const listening = new Set(
    rows.flatMap(({ socket }) => (socket && !socket.peer ? [portOf(socket.local)] : [])),
  );
  const worst = describePeer(
    waiting.map(({ local, peer }) => ({ local, peer })),
    listening,
  );
  const what =
    waiting.length === 1
      ? "1 TCP connection of the process was"
      : `${waiting.length} TCP connections of the process were`;
  return [
    {
      id: "close-wait",
      text: `${what} in CLOSE_WAIT${worst}: the peer has closed, the process has not.`,
      value: waiting.length,
      unit: "count",
      method: "pfiles+netstat",
      line: example.line,
      file: example.local?.startsWith("[") ? "netstat-inet6.txt" : "netstat-inet.txt",
    },
  ];
}
