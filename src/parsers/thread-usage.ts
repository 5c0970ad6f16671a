// From cumulative counters of threads to what each did in an interval, and which did the most; in the spirit of prstat -mLc.
import { TICKS_PER_SECOND } from "./proc-stat.ts";

/** One thread at one moment, counters since the thread began. A field that could not be read is absent. */
export interface ThreadSample {
  /** UTC, ISO 8601, and the same moment on the runner's clock. */
  readonly at: string;
  readonly monotonicMs: number;
  readonly tid: number;
  /** Printable. */
  readonly name: string;
  readonly state: string;
  readonly userTicks: number | undefined;
  readonly systemTicks: number | undefined;
  readonly majorFaults: number | undefined;
  readonly processor: number | undefined;
  readonly startTime: string;
  readonly runNs: number | undefined;
  readonly waitNs: number | undefined;
  readonly slices: number | undefined;
  readonly voluntary: number | undefined;
  readonly involuntary: number | undefined;
  readonly wchan: string | undefined;
  /** Of a thread that waits for a futex: the number and the arguments of its system call, as /proc says them. */
  readonly syscall?: string | undefined;
}

/** What one thread did in one interval. Percents are of the interval; what is unknown is undefined, never 0. */
export interface ThreadUsage {
  /** The end of the interval. */
  readonly at: string | undefined;
  readonly elapsedMs: number;
  readonly tid: number;
  readonly name: string;
  /** On a CPU. */
  readonly cpuPercent: number | undefined;
  readonly userPercent: number | undefined;
  readonly systemPercent: number | undefined;
  /** Ready to run, but waiting for a CPU (LAT). The kernel counts it when the wait ends: it may pass 100. */
  readonly latPercent: number | undefined;
  /** Context switches in the interval: given up (VCX), taken away (ICX). */
  readonly voluntary: number | undefined;
  readonly involuntary: number | undefined;
  readonly majorFaults?: number | undefined;
  /** At the end of the interval. */
  readonly state?: string | undefined;
  readonly processor?: number | undefined;
  readonly wchan?: string | undefined;
}

/**
 * What a thread did between two samples, by the time that really passed. Undefined when they are of two threads (a tid that
 * was used again has another start time) or no time passed.
 */
export function usageBetween(before: ThreadSample, after: ThreadSample): ThreadUsage | undefined {
  const elapsedMs = after.monotonicMs - before.monotonicMs;
  if (before.tid !== after.tid || before.startTime !== after.startTime || elapsedMs <= 0) return undefined;
  const grown = (
    key: "userTicks" | "systemTicks" | "runNs" | "waitNs" | "voluntary" | "involuntary" | "majorFaults",
  ) => difference(before[key], after[key]);
  const percent = (amount: number | undefined, perMs: number) =>
    amount === undefined ? undefined : round((100 * amount) / perMs / elapsedMs);
  const [userTicks, systemTicks] = [grown("userTicks"), grown("systemTicks")];
  const ticks = userTicks === undefined || systemTicks === undefined ? undefined : userTicks + systemTicks;
  const ticksPerMs = TICKS_PER_SECOND / 1000;
  return {
    at: after.at,
    elapsedMs: round(elapsedMs),
    tid: after.tid,
    name: after.name,
    // Nanoseconds where the kernel has them; a tick is 1 % of a second.
    cpuPercent: percent(grown("runNs"), 1e6) ?? percent(ticks, ticksPerMs),
    userPercent: percent(userTicks, ticksPerMs),
    systemPercent: percent(systemTicks, ticksPerMs),
    latPercent: percent(grown("waitNs"), 1e6),
    voluntary: grown("voluntary"),
    involuntary: grown("involuntary"),
    majorFaults: grown("majorFaults"),
    state: after.state,
    processor: after.processor,
    wchan: after.wchan,
  };
}

/** A counter that went backwards was not one counter. */
function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined || after < before ? undefined : after - before;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** A thread's middle interval: the number is that of a real interval, so its raw line shows the same. */
export interface ThreadMedian<Usage extends ThreadUsage> {
  readonly usage: Usage;
  readonly percent: number;
  readonly intervals: number;
}

/**
 * Each thread's median share, the highest first. A thread that was there for less than half of the intervals is left out: one
 * busy second of a short life is no median.
 */
export function mediansOf<Usage extends ThreadUsage>(
  usages: readonly Usage[],
  share: "cpuPercent" | "latPercent",
): ThreadMedian<Usage>[] {
  const byThread = new Map<number, { usage: Usage; percent: number }[]>();
  for (const usage of usages) {
    const percent = usage[share];
    if (percent === undefined) continue;
    const known = byThread.get(usage.tid) ?? [];
    known.push({ usage, percent });
    byThread.set(usage.tid, known);
  }
  const most = [...byThread.values()].reduce((longest, known) => Math.max(longest, known.length), 0);
  return [...byThread.values()]
    .filter((known) => known.length * 2 >= most)
    .flatMap((known) => {
      const middle = known.toSorted((a, b) => a.percent - b.percent)[Math.floor((known.length - 1) / 2)];
      return middle === undefined ? [] : [{ ...middle, intervals: known.length }];
    })
    .toSorted((a, b) => b.percent - a.percent);
}
