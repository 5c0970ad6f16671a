// Several samples of the same stacks: one shows where a thread is, only more show whether it stays there.
import type { CollectorContext } from "../collector.ts";

export const SAMPLES = 3;

type Context = CollectorContext<{ readonly spacingMs: number }>;

/** Calls `take` for each sample, as far apart as the window allows; fewer than `SAMPLES` are a gap. */
export async function takeSamples(context: Context, take: (number: number) => Promise<void>): Promise<void> {
  const { windowMs, options, ticks, gap } = context;
  const spacingMs = Math.max(1, Math.min(options.spacingMs, Math.floor(windowMs / (SAMPLES - 1))));
  let taken = 0;
  for await (const tick of ticks(spacingMs)) {
    taken = tick.index + 1;
    await take(taken);
    if (taken === SAMPLES) break;
  }
  if (taken < SAMPLES) gap(`${taken} of ${SAMPLES} samples: there was no time for more`);
}

export const fileOf = (number: number) => `stacks.${number}.txt`;
