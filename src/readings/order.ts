// Which readings come first: what a person would act on, before what is only good to know. A note has room for five.
import type { ReadingRecord } from "../bundle/manifest.ts";

/** From what stands out most; a reading that is not named here stands between the two lists. */
export const FIRST = [
  // It does not run at all, or hardly.
  "process-state",
  "service-state",
  "threads-uninterruptible",
  "deadlock",
  "event-loop-blocked",
  "gc-share",
  // It has met a limit of its own.
  "heap-near-limit",
  "memory-growing",
  "disk-full",
  "restart-loop",
  "descriptors",
  "cgroup-oom-kill",
  "cgroup-memory",
  "cgroup-memory-pressure",
  "cpu-throttled",
  // It does not do its work, or those it asks do not.
  "disconnected",
  "peer-against-twins",
  "accept-backlog",
  "listen-overflows",
  "unread-bytes",
  "close-wait",
  "unacknowledged-bytes",
  "syn-sent",
  "threads-on-one-lock",
  "requests-in-flight",
  "event-loop-late",
  // What it does instead.
  "main-thread-stack",
  "thread-cpu-wait",
  "executable-deleted",
];
/** To what says least: first of the whole host, then of a target in good health. */
export const LAST = [
  "host-oom-kill",
  "slowest-route",
  "not-looked-into",
  "pressure-memory",
  "pressure-io",
  "pressure-cpu",
  "cpu-steal",
  "cpu-idle",
  "load",
  "thread-cpu",
  "resident-memory",
  "core-size",
  "heap-snapshot",
];

/** From here on a thread has no time for anything else: its reading stands with the stack of the main one. */
const WHOLLY_BUSY_PERCENT = 90;

type Ranked = Pick<ReadingRecord, "id" | "value">;

function rank({ id, value }: Ranked): number {
  if (id === "thread-cpu" && value >= WHOLLY_BUSY_PERCENT) return FIRST.indexOf("main-thread-stack");
  const first = FIRST.indexOf(id);
  if (first >= 0) return first;
  const last = LAST.indexOf(id);
  return last < 0 ? FIRST.length : FIRST.length + 1 + last;
}

/** The same readings, the most telling first; equal ones stay as they were. */
export function orderReadings<Reading extends Ranked>(readings: readonly Reading[]): Reading[] {
  return readings.toSorted((a, b) => rank(a) - rank(b));
}
