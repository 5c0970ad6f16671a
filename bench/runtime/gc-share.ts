// The share of garbage collection that a capture tells, beside what V8 itself prints of the same collections (--trace-gc).
// The rule of the comparison: the collections are those that our observers saw between their first and last moment; the trace's lines of
// exactly these are taken, whole, as V8 printed them on its stdout: pause and incremental steps. Nothing is left out of either
// side, and a line that we did not see in time counts against us.
import {
  joinSteps,
  summarizeCollections,
  type IncrementalSteps,
} from "../../src/collectors/runtime/incremental-steps.ts";
import { Drained, Final, parseObserved } from "../../src/collectors/runtime/observed.ts";
import { openProcess } from "../../src/host/process-files.ts";
import { watchTrace } from "../../src/inspector/watch-trace.ts";
import { parseTracedCollection, type TracedCollection } from "../../src/parsers/v8-trace.ts";
import { startLoad } from "../../test/helpers/inspect-rounds.ts";
import { look, SERVICE, startNode, type NodeTarget } from "../../test/helpers/node-target.ts";
import { t, wait } from "./cleanup.ts";

/**
 * Where in the trace our collections are: the lines that differ least. One collection of 90 ms that is counted by the one and not
 * by the other at an end of the window would be 1.5 points of 6 s.
 */
function alignTrace(
  trace: readonly TracedCollection[],
  ours: readonly number[],
): readonly TracedCollection[] {
  const offsets = Array.from({ length: trace.length - ours.length + 1 }, (_, offset) => offset);
  const differenceAt = (offset: number) =>
    ours.reduce((sum, ms, index) => sum + Math.abs(ms - (trace[offset + index]?.pauseMs ?? Number.NaN)), 0);
  const [best] = offsets.toSorted((a, b) => differenceAt(a) - differenceAt(b));
  return best === undefined ? [] : trace.slice(best, best + ours.length);
}

export interface GcShares {
  /** In percent of our window. */
  readonly ours: number;
  readonly traced: number;
  readonly pausesOnly: number;
  readonly steps: IncrementalSteps;
}

/** Shares of so many windows of one process under load. */
export async function compareGcShares(
  binary: string,
  { seconds, windows }: { readonly seconds: number; readonly windows: number },
): Promise<readonly GcShares[]> {
  const target = await startNode(t, SERVICE, { binary, flags: ["--trace-gc"] });
  const load = startLoad(target);
  await wait(1000);
  const shares: GcShares[] = [];
  for (let window = 0; window < windows; window++) shares.push(await compareOne(target, seconds));
  await load.stop();
  target.child.kill("SIGKILL");
  return shares;
}

async function compareOne(target: NodeTarget, seconds: number): Promise<GcShares> {
  const held = openProcess(target.pid);
  const watch = watchTrace(held);
  const { inspection, leave } = await look(t, target.pid);
  const joined = joinSteps(watch);
  const collections: Drained["collections"]["collections"] = [];
  const add = (drained: Drained | undefined) => {
    joined.add(drained?.collections.collections ?? []);
    collections.push(...(drained?.collections.collections ?? []));
  };
  for (let second = 0; second < seconds; second++) {
    await wait(1000);
    add(parseObserved(Drained, await inspection.drain()));
  }
  const final = parseObserved(Final, await inspection.stop());
  add(final);
  watch.end();
  held.close();
  await leave();
  await wait(500);
  if (final === undefined) throw new Error("the observers were gone");
  const trace = target
    .stdout()
    .split("\n")
    .flatMap((line) => parseTracedCollection(line) ?? []);
  const ours = collections.filter(([, kind]) => kind === "minor" || kind === "major").map(([, , ms]) => ms);
  const { windowMs, collected } = final;
  const tracedMs = alignTrace(trace, ours).reduce((sum, { pauseMs, stepsMs }) => sum + pauseMs + stepsMs, 0);
  const steps = joined.steps();
  return {
    ours: summarizeCollections({ ...collected, windowMs }, steps).share_pct,
    traced: (100 * tracedMs) / windowMs,
    pausesOnly: (100 * collected.pauseMs) / windowMs,
    steps,
  };
}
