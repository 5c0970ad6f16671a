// Several samples of the same stacks: one shows where a thread is, only more show whether it stays there.
import { commonTop, isIdleWait, type ThreadStack } from "../../parsers/stack.ts";
import { printable } from "../../printable.ts";
import type { CollectorContext, Reading } from "../collector.ts";

export const SAMPLES = 3;
const TOP_FRAMES = 3;

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

/**
 * Where the main thread was, if it was in the same functions in every sample; nothing when they are those of a thread that
 * waits for work.
 */
export function stackReadings(
  samples: readonly (readonly ThreadStack[])[],
  main: { readonly tid: number; readonly method: string },
): Reading[] {
  if (samples.length < SAMPLES) return [];
  const top = commonTop(samples, { tid: main.tid, count: TOP_FRAMES });
  const [innermost] = top ?? [];
  if (top === undefined || innermost === undefined || isIdleWait(top)) return [];
  const path = top.map(({ symbol, address }) => printable(symbol ?? address, 60)).join(", called by ");
  return [
    {
      id: "main-thread-stack",
      text: `In all ${samples.length} samples the main thread was in ${path}.`,
      value: samples.length,
      unit: "count",
      method: main.method,
      line: innermost.line,
      file: fileOf(1),
    },
  ];
}
