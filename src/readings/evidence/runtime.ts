// What the runtime collector saved: garbage collection, and the event loop of Node.
import { z } from "zod";
import { parseJstat } from "../../parsers/jstat.ts";
import { parseJvmThreads } from "../../parsers/jvm-threads.ts";
import type { Fact } from "../fact.ts";
import type { CollectorFiles } from "./files.ts";
import { pausesIn } from "./pauses.ts";
import { latencyOf, Route, slowestOf } from "./routes.ts";
import { NOTHING, type GarbageCollection, type RuntimeEvidence } from "./runtime-evidence.ts";

const Ms = z.number().nonnegative();
const Collections = z.object({
  share_pct: Ms,
  count: Ms,
  max_pause_ms: Ms,
  incremental_ms: Ms.optional(),
  major_count: Ms.optional(),
  major_count_with_steps: Ms.optional(),
});
const NodeSummary = z.object({
  method: z.literal("inspector"),
  window_ms: z.number().positive(),
  gc: Collections.optional(),
  routes: z.array(Route).optional(),
  inflight: z.array(z.object({ method: z.string(), route: z.string(), age_ms: Ms })).optional(),
  inflight_count: Ms.optional(),
  inflight_older_count: Ms.optional(),
  nodejs: z.object({
    eventloop: z.object({
      turned: z.boolean(),
      silent_ms: Ms.optional(),
      utilization: Ms.optional(),
      delay: z.object({ p99_ms: Ms, max_ms: Ms }).optional(),
    }),
  }),
  heap: z.record(z.string(), z.number()).optional(),
  workers_not_observed: z.array(z.unknown()).optional(),
  children_not_observed: z.array(z.object({ pid: z.int().positive() })).optional(),
});
type NodeSummary = z.output<typeof NodeSummary>;

/** Of a Node process that nobody went into. */
const OutsideSummary = z.object({
  method: z.literal("v8-trace"),
  window_ms: z.number().positive(),
  gc: Collections,
  gc_is_least: z.boolean(),
});

const Silent = z.object({ silentMs: Ms });

/** Between two rows of jstat: over less time a share is chance. */
const SHORTEST_MS = 500;

/** What nhttpsnoop saw on illumos. */
const TraceSummary = z.object({
  windowMs: z.number().positive(),
  method: z.literal("dtrace-usdt"),
  gcCount: Ms,
  gcMaxUs: Ms,
  gcSharePercent: Ms,
  gcLongestLine: z.string().optional(),
});

export async function readRuntime(files: CollectorFiles): Promise<RuntimeEvidence | undefined> {
  const node = await files.json("summary.json", NodeSummary);
  if (node !== undefined) {
    const runtime = nodeRuntime(node, files.path("summary.json"), await blockedIn(files));
    return { ...runtime, pauses: pausesIn((await files.text("gc.jsonl")) ?? "") };
  }
  const trace = await files.json("summary.json", TraceSummary);
  if (trace !== undefined) return tracedRuntime(trace, files.path("nhttpsnoop.txt"));
  return (await readOutside(files)) ?? readJvm(files);
}

function nodeRuntime(summary: NodeSummary, file: string, place: string | undefined): RuntimeEvidence {
  const { gc, nodejs, heap, routes } = summary;
  const { turned, silent_ms: silentMs, utilization, delay } = nodejs.eventloop;
  const [usedBytes, limitBytes] = [heap?.["used_bytes"], heap?.["limit_bytes"]];
  const servers = routes?.filter(({ kind }) => kind === "server");
  const fact = <T>(value: T | undefined): Fact<T> | undefined =>
    value === undefined ? undefined : { value, file };
  return {
    ...NOTHING,
    windowMs: summary.window_ms,
    method: summary.method,
    collections: fact(gc && collectionsOf(gc)),
    loop: fact({
      hasTurned: turned,
      silentMs,
      utilization,
      delay: delay && { p99Ms: delay.p99_ms, maxMs: delay.max_ms },
      blockedIn: place,
    }),
    heap: fact(usedBytes === undefined || !limitBytes ? undefined : { usedBytes, limitBytes }),
    requests: fact(
      servers && {
        count: servers.reduce((sum, { count }) => sum + count, 0),
        slowest: slowestOf(servers),
      },
    ),
    routes: (routes ?? []).map(latencyOf),
    inFlight: fact(inFlightOf(summary)),
    unobserved: fact({
      workers: summary.workers_not_observed?.length ?? 0,
      children: (summary.children_not_observed ?? []).map(({ pid }) => pid),
    }),
  };
}

/** What is known of a Node process that nobody went into, or that gave no answer. */
async function readOutside(files: CollectorFiles): Promise<RuntimeEvidence | undefined> {
  const silent = await files.json("inspector.json", Silent);
  const silentMs = silent && { value: silent.silentMs, file: files.path("inspector.json") };
  const outside = await files.json("summary.json", OutsideSummary);
  if (outside !== undefined) {
    const value = { ...collectionsOf(outside.gc), isLeast: outside.gc_is_least };
    const collections = { value, file: files.path("summary.json") };
    return { ...NOTHING, windowMs: outside.window_ms, method: outside.method, silentMs, collections };
  }
  return silentMs && { ...NOTHING, windowMs: silentMs.value, method: "inspector", silentMs };
}

function collectionsOf(gc: z.output<typeof Collections>): GarbageCollection {
  const { major_count: majors, major_count_with_steps: known } = gc;
  const unknownOf = majors === undefined || known === undefined ? undefined : majors - known;
  const incremental = unknownOf === undefined ? undefined : { ms: gc.incremental_ms ?? 0, unknownOf };
  return { sharePercent: gc.share_pct, count: gc.count, longestMs: gc.max_pause_ms, incremental };
}

function inFlightOf({ inflight, inflight_count: count, inflight_older_count: older }: NodeSummary) {
  const oldest = inflight?.[0];
  if (count === undefined) return undefined;
  return {
    count,
    olderThanWindow: older ?? 0,
    oldest: oldest && { name: `${oldest.method} ${oldest.route}`, ageMs: oldest.age_ms },
  };
}

/** The first frame of the last stack that is not ours: `    at spin (/srv/app.js:12:3)`. */
async function blockedIn({ text }: CollectorFiles): Promise<string | undefined> {
  const stacks = await text("blocked-stacks.txt");
  return stacks
    ?.trimEnd()
    .split("\n\n")
    .at(-1)
    ?.split("\n")
    .map((line) => /^\s+at (.{1,200})$/.exec(line)?.[1])
    .find((place) => place !== undefined && !/\bexhibit:|<anonymous>:\d+:\d+\)?$/.test(place));
}

function tracedRuntime(summary: z.output<typeof TraceSummary>, file: string): RuntimeEvidence {
  const { gcSharePercent: sharePercent, gcCount: count, gcMaxUs, windowMs, method } = summary;
  return {
    ...NOTHING,
    windowMs,
    method,
    collections: {
      value: { sharePercent, count, longestMs: gcMaxUs / 1000 },
      line: summary.gcLongestLine,
      file,
    },
  };
}

async function readJvm({ text, path }: CollectorFiles): Promise<RuntimeEvidence | undefined> {
  const [jstat, dump] = await Promise.all([text("jstat.txt"), text("threads.txt")]);
  const threads = parseJvmThreads(dump ?? "");
  const rows = parseJstat(jstat ?? "");
  const [first, last] = [rows[0], rows.at(-1)];
  const windowMs = first && last ? Math.round((last.atSeconds - first.atSeconds) * 1000) : 0;
  if (threads === undefined && windowMs < SHORTEST_MS) return undefined;
  const javaThreads = threads && { value: threads, line: threads.deadlockLine, file: path("threads.txt") };
  const runtime = { ...NOTHING, windowMs, method: "jstat", javaThreads };
  if (first === undefined || last === undefined || windowMs < SHORTEST_MS) return runtime;
  // jstat tells the moment of a row to a tenth of a second, and the collections to a thousandth.
  const sharePercent = Math.min(100, (100_000 * (last.gcSeconds - first.gcSeconds)) / windowMs);
  const value = { sharePercent, oldPercent: last.oldPercent };
  return { ...runtime, collections: { value, line: last.line, file: path("jstat.txt") } };
}
