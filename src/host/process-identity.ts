// Which process is which: pid and start time within one boot are never given twice, a pid alone is. What must stay
// true: what is alive is never called dead, because its locks and files are taken away then.
import { readlinkSync } from "node:fs";
import { errnoOf } from "../errors.ts";
import { hasEnded, parseProcStat, TICKS_PER_SECOND } from "../parsers/proc-stat.ts";
import { readHostSync } from "./host-files.ts";

/** Also on illumos: start times are absolute there, so that no boot needs to be named. */
const UNKNOWN = "unknown";

export interface OwnIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot; `unknown` where there is no such file. */
  readonly startTime: string;
  readonly bootId: string;
}

/** Random at each boot (random(4)); with a start time it makes a pid unique for ever. */
export function readBootId(): string {
  return textOf("/proc/sys/kernel/random/boot_id")?.trim() ?? UNKNOWN;
}

/** When the host was booted, in whole seconds since 1970 (proc(5), `btime`). */
export function readBootSeconds(): number | undefined {
  const seconds = /^btime (\d{1,12})$/m.exec(textOf("/proc/stat") ?? "")?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}

/** When a start time of /proc/PID/stat was: UTC, ISO 8601, exact to about a second. */
export function startedAt(ticks: string): string | undefined {
  const bootSeconds = readBootSeconds();
  if (bootSeconds === undefined) return undefined;
  const at = new Date((bootSeconds + Number(ticks) / TICKS_PER_SECOND) * 1000);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

/** Pid, start time and boot of this very process: whoever finds what we left can tell whether we still live. */
export function readOwnIdentity(): OwnIdentity {
  const stat = parseProcStat(textOf("/proc/self/stat") ?? "");
  return { pid: process.pid, startTime: stat?.startTime ?? UNKNOWN, bootId: readBootId() };
}

/** Pids mean something only within one pid namespace (pid_namespaces(7)); empty where there are none (illumos). */
export function readPidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

/**
 * Whether process `pid` with this start time (of `readOwnIdentity`, in the same boot and pid namespace) still runs. A
 * zombie does not. Where /proc does not tell (hidepid, illumos), a process with this pid is taken for it.
 */
export function isAlive(pid: number, startTime: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  const stat = parseProcStat(textOf(`/proc/${pid}/stat`) ?? "");
  if (stat !== undefined) return stat.startTime === startTime && !hasEnded(stat);
  try {
    // Signal 0 tells gone from hidden without sending anything (kill(2)).
    return process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) === "EPERM";
  }
}

function textOf(path: string): string | undefined {
  try {
    return readHostSync(path).toString("latin1");
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
