// What the observers counted, beside the load generator.
import { Final, parseObserved, type RouteCount } from "../../src/collectors/runtime/observed.ts";
import { look, SERVICE, startNode } from "../../test/helpers/node-target.ts";
import { t } from "./cleanup.ts";
import { openLoop } from "./open-loop.ts";

/** What the observers counted beside what the load generator itself did: the requests are the same ones. */
export async function compareRequests(binary: string) {
  const target = await startNode(t, SERVICE, { binary });
  await openLoop(target, 0.5);
  const { inspection, leave } = await look(t, target.pid);
  const [ok, boom] = [await openLoop(target, 3, "/slow"), await openLoop(target, 1, "/boom")];
  const final = parseObserved(Final, await inspection.stop());
  await leave();
  target.child.kill("SIGKILL");
  const routes = final?.counted.counts.filter(({ kind }) => kind === "server") ?? [];
  const slow = routes.find(({ route, outcome }) => route === "/slow" && outcome === 200);
  const failed = routes.find(({ route, outcome }) => route === "/boom" && outcome === 500);
  return {
    counts: `${slow?.count} and ${failed?.count} of ${ok.count} and ${boom.count}`,
    areEqual: slow?.count === ok.count && failed?.count === boom.count,
    ours: [quantile(slow, 0.5), quantile(slow, 0.95)],
    theirs: [ok.p50, ok.p95],
  };
}

/** Of buckets that are a sixteenth of an octave of microseconds wide, as summary.json tells it; milliseconds. */
function quantile(count: RouteCount | undefined, share: number): number {
  let left = share * (count?.count ?? Number.NaN);
  for (const [bucket, many] of count?.buckets ?? []) {
    left -= many;
    if (left <= 0) return 2 ** ((bucket - 0.5) / 16) / 1000;
  }
  return Number.NaN;
}
