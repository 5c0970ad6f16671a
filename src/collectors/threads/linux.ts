// The Linux half of the threads collector: /proc/PID/task, once a period.
import { threadTable } from "../../parsers/thread-table.ts";
import { usageBetween, type ThreadUsage } from "../../parsers/thread-usage.ts";
import type { CollectorContext, Reading } from "../collector.ts";
import { lookAtProcess } from "./process-look.ts";
import { chooseThreads, isGone, readThreads, type Look } from "./look.ts";

type Context = CollectorContext<{
  readonly periodMs: number;
  readonly maxThreads: number;
  readonly waitPercent: number;
}>;

/** Samples until the window is over or the target has ended. */
export async function sampleThreads(context: Context): Promise<readonly Reading[]> {
  context.method("proc");
  const [samples, usages] = [await context.lines("samples.jsonl"), await context.lines("usage.jsonl")];
  const processes = await context.lines("process.jsonl");
  const intervals: ThreadUsage[][] = [];
  let before: ReadonlyMap<number, Look> = new Map();
  let [looks, leftOut, windowMs] = [0, "", 0];
  for await (const tick of context.ticks(context.options.periodMs)) {
    const all = await listThreads(context, looks);
    if (all === undefined) break;
    const tids = chooseThreads(all, {
      first: context.target.pid,
      most: context.options.maxThreads,
      known: before,
    });
    if (tids.length < all.length)
      leftOut = `${all.length - tids.length} of ${all.length} threads were not sampled`;
    await processes.write(await lookAtProcess(context, tick));
    const { now, gone } = await readThreads(context, { tick, tids, before });
    for (const { sample } of now.values()) await samples.write(sample);
    const listed = new Set(all);
    for (const tid of before.keys())
      if (gone.has(tid) || !listed.has(tid))
        await samples.write({ at: tick.at, monotonicMs: tick.monotonicMs, tid, gone: true });
    const interval = [...now.values()].flatMap(({ sample }) => {
      const last = before.get(sample.tid);
      return last === undefined ? [] : (usageBetween(last.sample, sample) ?? []);
    });
    for (const usage of interval) await usages.write(usage);
    if (interval.length > 0) intervals.push(interval);
    windowMs += interval[0]?.elapsedMs ?? 0;
    before = now;
    looks++;
  }
  if (leftOut !== "") context.gap(leftOut);
  if (intervals.length === 0) context.gap("no thread was seen twice: there is no interval to tell of");
  await context.save("prstat.txt", threadTable(intervals));
  await context.saveJson("summary.json", {
    mainThread: context.target.pid,
    looks,
    windowMs,
    waitPercent: context.options.waitPercent,
  });
  return [];
}

/** Undefined when the target has ended since the last look. */
async function listThreads({ process, gap }: Context, looks: number): Promise<readonly number[] | undefined> {
  try {
    return (await process.list("task")).map(Number);
  } catch (error) {
    if (looks === 0 || !isGone(error)) throw error;
    gap(`the target ended after ${looks} looks`);
    return undefined;
  }
}
