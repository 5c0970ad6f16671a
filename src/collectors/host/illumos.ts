// The illumos half of the host collector: the tools' own output, and how idle the CPUs were.
import { meanIdle, parseMpstat } from "../../parsers/mpstat.ts";
import { tryRun } from "../attempts.ts";
import type { CollectorContext, Reading } from "../collector.ts";

const NEARLY_BUSY_PERCENT = 10;

/** vfsstat and zonememstat are of SmartOS: elsewhere they are told as absent, not missed. */
export async function sampleIllumosHost(context: CollectorContext<unknown>): Promise<readonly Reading[]> {
  // The first block of either is the average since boot, so N samples are N + 1 blocks.
  const seconds = Math.max(1, Math.floor(context.windowMs / 1000));
  const blocks = String(seconds + 1);
  const absent: string[] = [];
  const optional = async (argv: readonly [string, ...string[]]) => {
    const [command] = argv;
    if (await context.has(command)) await tryRun(context, argv, { as: `${command}.txt` });
    else absent.push(command);
  };
  const [mpstat] = await Promise.all([
    context.run(["mpstat", "1", blocks], { as: "mpstat.txt" }),
    optional(["vfsstat", "1", blocks]),
    optional(["zonememstat"]),
    optional(["kstat", "-p", "-m", "cpu_stat"]),
  ]);

  const samples = parseMpstat(mpstat.stdout);
  const idle = meanIdle(samples);
  await context.saveJson("summary.json", {
    samples: Math.max(0, samples.length - 1),
    idlePercent: idle,
    absent,
  });
  context.method("mpstat");
  if (idle === undefined) context.gap("mpstat gave no sample after its average since boot");
  if (idle === undefined || idle >= NEARLY_BUSY_PERCENT) return [];
  const value = Math.round(idle * 10) / 10;
  const text = `The CPUs of this host were idle for ${value}% of the time.`;
  return [{ id: "cpu-idle", text, value, unit: "percent", windowMs: seconds * 1000, file: "mpstat.txt" }];
}
