// The files of the runtime collector for Node. Names are those of OpenTelemetry's semantic conventions where there is one;
// units stand in the key, because OpenTelemetry wants seconds and people at night want milliseconds.
import { mergeBuckets, percentile } from "../../parsers/latency-histogram.ts";
import { formatNhttpsnoop, type SnoopEvent } from "../../parsers/nhttpsnoop.ts";
import type { CollectorContext } from "../collector.ts";
import { summarizeCollections, type IncrementalSteps } from "./incremental-steps.ts";
import type { Drained, Final, RouteCount } from "./observed.ts";

/** `METHOD` of every number that comes from the observers. */
export const METHOD = "inspector";
/** Requests told one by one in a capture: 14 MB of lines. All are counted. */
const MOST_LISTED = 60_000;

export interface NodeFiles {
  /** Tells requests and collections one by one, as they are drained. */
  readonly add: (drained: Pick<Drained, "requests" | "collections">) => Promise<void>;
  /** The same in nhttpsnoop's columns: for eyes, and for tickets that were written before. */
  readonly saveSnoop: () => Promise<void>;
  readonly listed: () => number;
  readonly onlyCounted: () => number;
}

export async function openNodeFiles({
  lines,
  save,
  target,
}: Pick<CollectorContext<unknown>, "lines" | "save" | "target">): Promise<NodeFiles> {
  const http = await lines("http.jsonl");
  const gc = await lines("gc.jsonl");
  const rows: SnoopEvent[] = [];
  let listed = 0;
  let onlyCounted = 0;
  return {
    add: async ({ requests, collections }) => {
      const events = requests.events.slice(0, Math.max(0, MOST_LISTED - listed));
      listed += events.length;
      onlyCounted += requests.unlisted + requests.events.length - events.length;
      await http.writeMany(events.map(requestLine));
      await gc.writeMany(collections.collections.map(collectionLine));
      for (const [time, kind, method, route, , , ms] of events)
        rows.push({ time, probe: kind, ms, method, path: route });
      for (const [time, , ms] of collections.collections)
        rows.push({ time, probe: "gc", ms, method: "-", path: "-" });
    },
    saveSnoop: () => save("nhttpsnoop.txt", formatNhttpsnoop(target.pid, rows)),
    listed: () => listed,
    onlyCounted: () => onlyCounted,
  };
}

type RequestEvent = Drained["requests"]["events"][number];

function requestLine([time, kind, method, route, isDerived, outcome, ms, peer]: RequestEvent) {
  return {
    time_unix_ms: round(time),
    kind,
    "http.request.method": method,
    ...routeNames({ route, isDerived }),
    ...outcomeNames(outcome),
    ...peerNames(peer),
    duration_ms: round(ms),
  };
}

function collectionLine([time, type, ms, flags]: Drained["collections"]["collections"][number]) {
  return {
    time_unix_ms: round(time),
    "v8js.gc.type": type,
    duration_ms: round(ms),
    flags: flags ?? undefined,
  };
}

/** Only what the framework said is a route; what we made of the path is a template (OpenTelemetry, http.route). */
function routeNames({ route, isDerived }: Pick<RouteCount, "route" | "isDerived">) {
  return isDerived ? { "url.template": route, derived: true } : { "http.route": route };
}

function outcomeNames(outcome: RouteCount["outcome"]) {
  if (typeof outcome === "string") return outcome === "" ? {} : { "error.type": outcome };
  const error = outcome >= 500 ? { "error.type": String(outcome) } : {};
  return { "http.response.status_code": outcome, ...error };
}

function peerNames(peer: string) {
  if (peer === "") return {};
  const port = /:(\d{1,5})$/.exec(peer)?.[1];
  return port === undefined
    ? { "server.address": peer }
    : { "server.address": peer.slice(0, -port.length - 1), "server.port": Number(port) };
}

const round = (value: number) => Math.round(value * 1000) / 1000;
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

/** summary.json; GC is absent when the loop never turned, because then nothing of it reaches the observer. */
export function summarize(
  final: Final,
  told: {
    readonly listed: number;
    readonly unlisted: number;
    readonly version: string;
    readonly attach: Record<string, unknown>;
    readonly workers: readonly string[] | undefined;
    readonly steps: IncrementalSteps;
  },
) {
  const { counted, collected, loop, windowMs } = final;
  const of = (kind: RouteCount["kind"]) => counted.counts.filter((count) => count.kind === kind);
  return {
    method: METHOD,
    version: told.version,
    window_ms: round(windowMs),
    gc: loop.hasTurned ? summarizeCollections({ ...collected, windowMs }, told.steps) : undefined,
    http_server: kindSummary(of("server"), windowMs),
    http_client: kindSummary(of("client"), windowMs),
    routes: counted.counts.toSorted((a, b) => b.sum - a.sum).map(routeSummary),
    inflight: counted.inFlight.map(({ age_ms, ...request }) => ({ ...request, age_ms: round(age_ms) })),
    inflight_count: counted.inFlightCount,
    inflight_older_count: counted.olderInFlight,
    finished_but_started_before: counted.startedBefore,
    aborted: counted.aborted,
    untimed: counted.untimed,
    requests_listed: told.listed,
    requests_only_counted: told.unlisted,
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
    workers_not_observed: told.workers,
    observer_faults: final.faults,
    attach: { ...told.attach, stop_ms: round(final.tookMs) },
  };
}
