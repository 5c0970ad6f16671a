// The illumos half of the threads collector: prstat has the microstates.
import { parsePrstat, type PrstatRow } from "../../parsers/prstat.ts";
import type { ThreadUsage } from "../../parsers/thread-usage.ts";
import { printable } from "../../printable.ts";
import type { CollectorContext, Reading } from "../collector.ts";

type Context = CollectorContext<{ readonly maxThreads: number; readonly waitPercent: number }>;

/** `sinceStart`: the average since the process started, not of an interval. */
type Usage = ThreadUsage & { readonly sinceStart?: true; readonly line: string };

/** A row of prstat as the usage of one thread; a row of zeros has nothing that is known. */
function usageOf(row: PrstatRow, at: string | undefined): ThreadUsage {
  const { usr, sys, lat } = row.percents;
  return {
    at,
    elapsedMs: 1000,
    tid: row.lwp,
    name: printable(row.threadName ?? row.command, 64),
    cpuPercent: usr === undefined || sys === undefined ? undefined : Math.round((usr + sys) * 10) / 10,
    userPercent: usr,
    systemPercent: sys,
    latPercent: lat,
    voluntary: row.counts.vcx,
    involuntary: row.counts.icx,
  };
}

/** Runs prstat for the window. Its first block, the average since the process started, is kept and marked as such. */
export async function runPrstat(context: Context): Promise<readonly Reading[]> {
  context.method("prstat");
  const { pid } = context.target;
  const seconds = Math.max(1, Math.floor(context.windowMs / 1000));
  const { maxThreads } = context.options;
  const argv = ["prstat", "-mLc", "-n", maxThreads, "-d", "u", "-p", pid, 1, seconds + 1].map(String);
  const output = await context.run(["prstat", ...argv.slice(1)], { as: "prstat.txt" });
  const usages: Usage[] = [];
  let leftOut = "";
  for (const block of parsePrstat(output.stdout)) {
    const at =
      block.epochSeconds === undefined ? undefined : new Date(block.epochSeconds * 1000).toISOString();
    for (const row of block.rows.filter((one) => one.pid === pid)) {
      const sinceStart = block.isLifetime ? ({ sinceStart: true } as const) : {};
      usages.push({ ...usageOf(row, at), ...sinceStart, line: row.line });
    }
    const missing = (block.lwps ?? 0) - block.rows.length;
    if (missing > 0) leftOut = `${missing} of ${block.lwps} threads were not sampled`;
  }
  await context.saveLines("usage.jsonl", usages);
  const sampled = usages.filter((usage) => usage.sinceStart === undefined && usage.cpuPercent !== undefined);
  if (leftOut !== "") context.gap(leftOut);
  if (sampled.length === 0)
    context.gap("prstat shows no interval of this process: what its threads do is unknown");
  await context.saveJson("summary.json", {
    mainThread: 1,
    windowMs: seconds * 1000,
    waitPercent: context.options.waitPercent,
  });
  return [];
}
