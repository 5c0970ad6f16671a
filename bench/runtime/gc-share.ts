// The share of garbage collection by our observers, beside what V8 itself traces of the same collections.
import { Drained, Final, parseObserved } from "../../src/collectors/runtime/observed.ts";
import { startLoad } from "../../test/helpers/inspect-rounds.ts";
import { look, SERVICE, startNode } from "../../test/helpers/node-target.ts";
import { t, wait } from "./cleanup.ts";

interface Pause {
  readonly ms: number;
  /** Done before the pause, a little at a time: --trace-gc tells it beside the pause. */
  readonly stepsMs: number;
}

/** What --trace-gc printed. */
function readTrace(text: string): Pause[] {
  // `...MB, 1.23 / 0.00 ms`; later versions tell of pooled memory between.
  const lines = text.matchAll(
    /MB,(?: pooled: [\d.]+ MB,)? ([\d.]+) \/ [\d.]+ ms(?:.*?\(\+ ([\d.]+) ms in \d+ steps)?/g,
  );
  return [...lines].map(([, ms, steps = "0"]) => ({ ms: Number(ms), stepsMs: Number(steps) }));
}

/**
 * Where in the trace our collections are: the lines that differ least. One collection of 90 ms that is counted by the one and not
 * by the other at an end of the window would be 1.5 points of 6 s.
 */
function alignTrace(trace: readonly Pause[], ours: readonly number[]): readonly Pause[] {
  const offsets = Array.from({ length: trace.length - ours.length + 1 }, (_, offset) => offset);
  const differenceAt = (offset: number) =>
    ours.reduce((sum, ms, index) => sum + Math.abs(ms - (trace[offset + index]?.ms ?? Number.NaN)), 0);
  const [best] = offsets.toSorted((a, b) => differenceAt(a) - differenceAt(b));
  return best === undefined ? [] : trace.slice(best, best + ours.length);
}

/** Share by us and by --trace-gc over the same collections, in percent of our window. */
export async function compareGcShare(
  binary: string,
  seconds: number,
): Promise<{ ours: number; traced: number }> {
  const target = await startNode(t, SERVICE, { binary, flags: ["--trace-gc"] });
  const load = startLoad(target);
  await wait(1000);
  const { inspection, leave } = await look(t, target.pid);
  const collections: Drained["collections"]["collections"] = [];
  for (let second = 0; second < seconds; second++) {
    await wait(1000);
    collections.push(...(parseObserved(Drained, await inspection.drain())?.collections.collections ?? []));
  }
  const final = parseObserved(Final, await inspection.stop());
  collections.push(...(final?.collections.collections ?? []));
  await leave();
  await wait(500);
  await load.stop();
  target.child.kill("SIGKILL");
  // Incremental work and weak callbacks have no line of their own.
  const ours = collections.filter(([, kind]) => kind === "minor" || kind === "major").map(([, , ms]) => ms);
  const traced = alignTrace(readTrace(target.stdout()), ours);
  const windowMs = final?.windowMs ?? Number.NaN;
  return {
    ours: (100 * (final?.collected.pauseMs ?? Number.NaN)) / windowMs,
    traced: (100 * traced.reduce((sum, { ms, stepsMs }) => sum + ms + stepsMs, 0)) / windowMs,
  };
}
