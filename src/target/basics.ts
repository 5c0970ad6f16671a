// The few facts that every step needs about a held process, in one read: /proc/PID/stat on Linux, psinfo on illumos.
import { isGone, type HeldProcess } from "../host/process-files.ts";
import { startedAt } from "../host/process-identity.ts";
import { parsePsinfo } from "../parsers/psinfo.ts";
import { hasEnded, parseProcStat, PF_KTHREAD } from "../parsers/proc-stat.ts";

export interface Basics {
  /** The file that said so: Linux has `stat`, illumos `psinfo`. */
  readonly source: "stat" | "psinfo";
  readonly parentPid: number;
  /** Makes a pid unique: ticks since boot on Linux, seconds since 1970 with nanoseconds on illumos. */
  readonly startTime: string;
  /** UTC, ISO 8601; exact to about a second on Linux. */
  readonly startedAt: string | undefined;
  readonly isZombie: boolean;
  readonly isKernelThread: boolean;
  readonly threads: number;
}

/** Undefined when the process has ended, or what its file holds cannot be understood. */
export function readBasics(held: HeldProcess): Basics | undefined {
  try {
    return fromStat(held);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  try {
    return fromPsinfo(held);
  } catch (error) {
    if (!isGone(error)) throw error;
    return undefined;
  }
}

function fromStat(held: HeldProcess): Basics | undefined {
  // Names are bytes; in latin1 each is one character and none is lost.
  const stat = parseProcStat(held.readSync("stat").toString("latin1"));
  if (stat?.flags === undefined || stat.threads === undefined) return undefined;
  return {
    source: "stat",
    parentPid: stat.parentPid,
    startTime: stat.startTime,
    startedAt: startedAt(stat.startTime),
    isZombie: hasEnded(stat),
    isKernelThread: (stat.flags & PF_KTHREAD) !== 0,
    threads: stat.threads,
  };
}

function fromPsinfo(held: HeldProcess): Basics | undefined {
  const info = parsePsinfo(held.readSync("psinfo"), held.pid);
  if (info === undefined) return undefined;
  return {
    source: "psinfo",
    parentPid: info.parentPid,
    startTime: `${info.startSeconds}.${String(info.startNanoseconds).padStart(9, "0")}`,
    startedAt: new Date(
      info.startSeconds * 1000 + Math.floor(info.startNanoseconds / 1_000_000),
    ).toISOString(),
    isZombie: info.lwps === 0,
    isKernelThread: false,
    threads: info.lwps,
  };
}
