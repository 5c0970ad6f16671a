// summary.json of the runtime collector for Node: of a whole window, and of one that the target did not outlive.
import { bucketsOf, mergeBuckets, percentile } from "../../parsers/latency-histogram.ts";
import type { Worker } from "../inspection.ts";
import type { NodeChild } from "./children.ts";
import { summarizeCollections, type IncrementalSteps } from "./incremental-steps.ts";
import type { Told } from "./node-files.ts";
import { outcomeNames, peerNames, round, routeNames } from "./node-names.ts";
import type { Final, RouteCount } from "./observed.ts";

/** `METHOD` of every number that comes from the observers. */
export const METHOD = "inspector";

/** What is known beside what the observers told. */
export interface About {
  readonly version: string;
  readonly attach: Record<string, unknown>;
  readonly workers: readonly Worker[] | undefined;
  readonly children: readonly NodeChild[] | undefined;
  readonly steps: IncrementalSteps;
}

const rounded = (value: number | undefined) => (value === undefined ? undefined : round(value));

function latencies(counts: readonly RouteCount[]) {
  const buckets = mergeBuckets(counts.map((count) => count.buckets));
  return {
    p50_ms: rounded(percentile(buckets, 0.5)),
    p95_ms: rounded(percentile(buckets, 0.95)),
    p99_ms: rounded(percentile(buckets, 0.99)),
  };
}

function total(counts: readonly RouteCount[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}

function routeSummary(count: RouteCount) {
  return {
    kind: count.kind,
    "http.request.method": count.method,
    ...routeNames(count),
    ...outcomeNames(count.outcome),
    ...peerNames(count.peer),
    count: count.count,
    mean_ms: round(count.sum / Math.max(1, count.count)),
    min_ms: round(count.min),
    ...latencies([count]),
    max_ms: round(count.max),
  };
}

function kindSummary(counts: readonly RouteCount[], windowMs: number) {
  const count = total(counts);
  return { count, rate_per_s: round((count * 1000) / windowMs), ...latencies(counts) };
}

const listing = ({ requests, onlyCounted }: Told) => ({
  requests_listed: requests.length,
  requests_only_counted: onlyCounted,
});

const others = ({ workers, children }: About) => ({
  workers_not_observed: workers,
  children_not_observed: children,
});

/** GC is absent when the loop never turned, because then nothing of it reaches the observer. */
export function summarize(final: Final, told: Told, about: About) {
  const { counted, collected, loop, windowMs } = final;
  const of = (kind: RouteCount["kind"]) => counted.counts.filter((count) => count.kind === kind);
  return {
    method: METHOD,
    version: about.version,
    window_ms: round(windowMs),
    ...(loop.hasTurned ? { gc: summarizeCollections({ ...collected, windowMs }, about.steps) } : {}),
    http_server: kindSummary(of("server"), windowMs),
    http_client: kindSummary(of("client"), windowMs),
    routes: counted.counts.toSorted((a, b) => b.sum - a.sum).map(routeSummary),
    inflight: counted.inFlight.map(({ age_ms, ...request }) => ({ ...request, age_ms: round(age_ms) })),
    inflight_count: counted.inFlightCount,
    inflight_older_count: counted.olderInFlight,
    finished_but_started_before: counted.startedBefore,
    aborted: counted.aborted,
    untimed: counted.untimed,
    ...listing(told),
    nodejs: {
      eventloop: {
        turned: loop.hasTurned,
        silent_ms: round(final.silentMs),
        utilization: round(loop.utilization),
        delay: loop.delay,
      },
    },
    cpu: { user_ms: round(loop.cpuUserMs), system_ms: round(loop.cpuSystemMs) },
    heap: loop.heap,
    heap_spaces: loop.spaces,
    rss_bytes: final.rss_bytes,
    active_resources: loop.activeResources,
    ...others(about),
    observer_faults: final.faults,
    attach: { ...about.attach, stop_ms: round(final.tookMs) },
  };
}

/** The counts went with the target: what had been told one by one is all there is, and is counted only where it is all. */
export function summarizeLost(
  { windowMs, silentMs }: { readonly windowMs: number; readonly silentMs: number },
  told: Told,
  about: About,
) {
  const hasTurned = silentMs < windowMs;
  const counts = told.onlyCounted === 0 ? countsOf(told) : undefined;
  const of = (kind: RouteCount["kind"]) => (counts ?? []).filter((count) => count.kind === kind);
  return {
    method: METHOD,
    version: about.version,
    window_ms: round(windowMs),
    ended_in_window: true,
    ...(hasTurned && told.unlistedCollections === 0
      ? { gc: summarizeCollections(toldPauses(told, windowMs), about.steps) }
      : {}),
    ...(counts === undefined
      ? {}
      : {
          http_server: kindSummary(of("server"), windowMs),
          http_client: kindSummary(of("client"), windowMs),
          routes: counts.toSorted((a, b) => b.sum - a.sum).map(routeSummary),
        }),
    ...listing(told),
    nodejs: { eventloop: { turned: hasTurned, silent_ms: round(silentMs) } },
    ...others(about),
    attach: about.attach,
  };
}

const sumOf = (collections: Told["collections"]) => collections.reduce((sum, [, , ms]) => sum + ms, 0);

function toldPauses({ collections }: Told, windowMs: number) {
  const pauses = collections.filter(([, kind]) => kind === "minor" || kind === "major");
  const longestMs = pauses.reduce((longest, [, , ms]) => Math.max(longest, ms), 0);
  const pauseMs = sumOf(pauses);
  return { windowMs, count: pauses.length, pauseMs, longestMs, otherMs: sumOf(collections) - pauseMs };
}

function countsOf({ requests }: Told): readonly RouteCount[] {
  const groups = new Map<string, [Told["requests"][number], ...Told["requests"][number][]]>();
  for (const event of requests) {
    const [, kind, method, route, isDerived, outcome, , peer] = event;
    const key = JSON.stringify([kind, method, route, isDerived, outcome, peer]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [event]);
    else group.push(event);
  }
  return [...groups.values()].map((events) => {
    const [, kind, method, route, isDerived, outcome, , peer] = events[0];
    const durations = events.map(([, , , , , , ms]) => ms).toSorted((a, b) => a - b);
    const sum = durations.reduce((all, ms) => all + ms, 0);
    const [min, max] = [durations[0] ?? 0, durations.at(-1) ?? 0];
    const buckets = bucketsOf(durations).map(([index, count]): [number, number] => [index, count]);
    return { kind, method, route, isDerived, outcome, peer, count: events.length, sum, min, max, buckets };
  });
}
