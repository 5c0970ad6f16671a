// One recorded process, through files of /proc that stay open: they read anew from their beginning, belong to this very
// process, and answer ESRCH when it is gone, whoever has its pid then.
import { closeSync, constants, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { readHostSync } from "../../host/host-files.ts";
import { pageBytes } from "../../host/page-size.ts";
import { parseFdLink } from "../../parsers/fd-link.ts";
import { hasEnded, parseProcStat, TICKS_PER_SECOND } from "../../parsers/proc-stat.ts";
import { parseTcpState } from "../../parsers/proc-net.ts";

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW;
const STAT_BYTES = 4096;
const MOST_THREADS = 64;
const BUSIEST = 5;
/** Descriptors beyond these are counted, but not looked at for sockets. */
const MOST_LINKS = 16_384;

const PAGE_BYTES = pageBytes();
const buffer = Buffer.alloc(STAT_BYTES);

/** The text of a small file of /proc that is open; throws the system's error. */
function textOf(descriptor: number): string {
  return buffer.toString("latin1", 0, readSync(descriptor, buffer, 0, STAT_BYTES, 0));
}

interface Same {
  readonly pid: number;
  readonly startTime: string;
  /** The unit, or the command of a process without one. */
  readonly service: string;
}

/** What is cheap to see; what could not be read is absent. */
export interface ProcessLook extends Same {
  readonly kind: "process";
  readonly state: string;
  /** CPU time since it began. */
  readonly cpuMs: number | undefined;
  readonly residentBytes: number | undefined;
  readonly threads: number | undefined;
  readonly majorFaults: number | undefined;
  readonly blockIoMs: number | undefined;
}

/** What costs more. */
export interface DeepLook extends Same {
  readonly kind: "deep";
  readonly descriptors?: number;
  /** TCP sockets by state. */
  readonly sockets?: Readonly<Record<string, number>>;
  readonly busiest: readonly unknown[];
}

export interface Watched {
  readonly pid: number;
  readonly startTime: string;
  /** Undefined when it has ended. */
  readonly look: () => ProcessLook | undefined;
  /** What costs more: open files, sockets by state, the busiest threads. `tables` are shared by those of one look. */
  readonly lookDeep: (tables: Map<string, readonly string[]>) => DeepLook;
  readonly close: () => void;
}

/** Undefined when it is gone, or may not be looked at. */
export function watch(pid: number, service: string): Watched | undefined {
  let descriptor: number;
  let startTime: string | undefined;
  try {
    descriptor = openSync(`/proc/${pid}/stat`, FLAGS);
    startTime = parseProcStat(textOf(descriptor))?.startTime;
  } catch {
    return undefined;
  }
  if (startTime === undefined) {
    closeSync(descriptor);
    return undefined;
  }
  const same = { pid, startTime, service };
  const threadTicks = new Map<string, number>();
  return {
    pid,
    startTime,
    close: () => closeSync(descriptor),
    look: () => {
      const stat = attempt(() => parseProcStat(textOf(descriptor)));
      if (stat === undefined || hasEnded(stat)) return undefined;
      const { userTicks, systemTicks, residentPages, threads, state, majorFaults, blockIoTicks } = stat;
      return {
        kind: "process",
        ...same,
        state,
        cpuMs: milliseconds(sum(userTicks, systemTicks)),
        residentBytes:
          residentPages === undefined || PAGE_BYTES === undefined ? undefined : residentPages * PAGE_BYTES,
        threads,
        majorFaults,
        blockIoMs: milliseconds(blockIoTicks),
      };
    },
    lookDeep: (tables) => ({
      kind: "deep",
      ...same,
      ...filesOf(pid, tables),
      busiest: busiestThreads(pid, threadTicks),
    }),
  };
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function sum(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one + other;
}

function milliseconds(ticks: number | undefined): number | undefined {
  return ticks === undefined ? undefined : ticks * (1000 / TICKS_PER_SECOND);
}

/** How many descriptors are open, and the TCP sockets among them by state; what may not be seen is absent. */
function filesOf(
  pid: number,
  tables: Map<string, readonly string[]>,
): Pick<DeepLook, "descriptors" | "sockets"> {
  const names = attempt(() => readdirSync(`/proc/${pid}/fd`));
  if (names === undefined) return {};
  const inodes = new Set<number>();
  for (const name of names.slice(0, MOST_LINKS)) {
    const link = attempt(() => readlinkSync(`/proc/${pid}/fd/${name}`));
    const { type, inode } = link === undefined ? {} : parseFdLink(link);
    if (type === "socket" && inode !== undefined) inodes.add(inode);
  }
  if (names.length > MOST_LINKS) return { descriptors: names.length };
  const sockets: Record<string, number> = {};
  for (const line of inodes.size === 0 ? [] : tableOf(pid, tables)) {
    const socket = parseTcpState(line);
    if (socket === undefined || !inodes.has(socket.inode)) continue;
    sockets[socket.state] = (sockets[socket.state] ?? 0) + 1;
  }
  return { descriptors: names.length, sockets };
}

/** The lines of /proc/net/tcp and tcp6 of its network namespace, read once for all that share it. */
function tableOf(pid: number, tables: Map<string, readonly string[]>): readonly string[] {
  const namespace = attempt(() => readlinkSync(`/proc/${pid}/ns/net`)) ?? `of ${pid}`;
  const known = tables.get(namespace);
  if (known !== undefined) return known;
  const lines = ["tcp", "tcp6"].flatMap(
    (name) => attempt(() => readHostSync(`/proc/${pid}/net/${name}`).toString("latin1").split("\n")) ?? [],
  );
  tables.set(namespace, lines);
  return lines;
}

/** Those that took most CPU since the last look; none at the first. */
function busiestThreads(pid: number, before: Map<string, number>): readonly unknown[] {
  const ids = (attempt(() => readdirSync(`/proc/${pid}/task`)) ?? []).slice(0, MOST_THREADS);
  const busy = ids.flatMap((id) => {
    const text = attempt(() => readHostSync(`/proc/${pid}/task/${id}/stat`, STAT_BYTES).toString("latin1"));
    const stat = text === undefined ? undefined : parseProcStat(text);
    const ticks = sum(stat?.userTicks, stat?.systemTicks);
    if (stat === undefined || ticks === undefined) return [];
    const last = before.get(id);
    before.set(id, ticks);
    if (last === undefined || ticks <= last) return [];
    return [{ tid: stat.pid, name: stat.command, cpuMs: milliseconds(ticks - last) ?? 0, state: stat.state }];
  });
  for (const id of before.keys()) if (!ids.includes(id)) before.delete(id);
  return busy.toSorted((one, other) => other.cpuMs - one.cpuMs).slice(0, BUSIEST);
}
