import { mediansOf, type ThreadSample, type ThreadUsage } from "../../parsers/thread-usage.ts";
import type { Reading } from "../collector.ts";

/** A thread in uninterruptible sleep: how often it was seen so, and the last time. */
export interface Stuck {
  readonly times: number;
  readonly sample: ThreadSample;
}

/** A thread that is on a CPU for less of the time is nothing to tell of. */
const BUSY_PERCENT = 50;

/** Who used a CPU most, and who waited for one longest, where that is much. */
export function shareReadings(shares: {
  /** Waiting for a CPU is worth a reading from here on. */
  readonly waitPercent: number;
  readonly usages: readonly ThreadUsage[];
  /** The id of the first thread. */
  readonly first: number;
  readonly windowMs: number;
  readonly file: string;
  readonly lineOf: (usage: ThreadUsage) => string;
}): Reading[] {
  const tell = (
    id: string,
    { share, least }: { readonly share: "cpuPercent" | "latPercent"; readonly least: number },
    words: (percent: number) => string,
  ): Reading[] => {
    const [top] = mediansOf(shares.usages, share);
    if (top === undefined || top.percent < least) return [];
    const thread = `Thread ${top.usage.tid} (${top.usage.name}${top.usage.tid === shares.first ? ", the main one" : ""})`;
    const text = `${thread} ${words(top.percent)} (median of ${top.intervals} ${top.intervals === 1 ? "interval" : "intervals"}).`;
    const { windowMs, file } = shares;
    return [
      { id, text, value: top.percent, unit: "percent", windowMs, line: shares.lineOf(top.usage), file },
    ];
  };
  return [
    ...tell(
      "thread-cpu",
      { share: "cpuPercent", least: BUSY_PERCENT },
      (percent) => `is the busiest: on a CPU for ${percent}% of the time`,
    ),
    ...tell(
      "thread-cpu-wait",
      { share: "latPercent", least: shares.waitPercent },
      (percent) => `was ready to run, but waited for a CPU for ${percent}% of the time`,
    ),
  ];
}

/** Threads that the kernel does not let be interrupted: they wait for a disk, a network file system, or a lock in the kernel. */
export function stuckReadings(stuck: ReadonlyMap<number, Stuck>, looks: number): Reading[] {
  const [worst] = [...stuck.values()].toSorted((a, b) => b.times - a.times);
  if (worst === undefined) return [];
  const { sample, times } = worst;
  const where = sample.wchan === undefined ? "" : `, last in ${sample.wchan}`;
  const count = stuck.size === 1 ? "1 thread was" : `${stuck.size} threads were`;
  const text = `${count} seen in uninterruptible sleep (D): thread ${sample.tid} (${sample.name}) in ${times} of ${looks} looks${where}.`;
  return [
    {
      id: "threads-uninterruptible",
      text,
      value: stuck.size,
      unit: "count",
      line: JSON.stringify(sample),
      file: "samples.jsonl",
    },
  ];
}
