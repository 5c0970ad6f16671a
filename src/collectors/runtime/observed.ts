// What the observers in a Node process tell. It was made by a stranger's process: everything is checked, texts are bounded
// and made printable before they go anywhere.
import { z } from "zod";
import { printable } from "../../printable.ts";

const Text = (limit: number) => z.string().transform((text) => printable(text.slice(0, limit), limit * 4));
const Duration = z.number().nonnegative();
const Count = z.int().nonnegative();
/** The status, or the code of the error, or "" when there was none. */
const Outcome = z.union([z.number(), Text(60)]);

const RequestEvent = z.tuple([
  z.number(),
  z.enum(["server", "client"]),
  Text(20),
  Text(200),
  z.boolean(),
  Outcome,
  Duration,
  Text(220),
]);
const Collection = z.tuple([z.number(), Text(20), Duration, z.number().nullish()]);

const drained = {
  requests: z.object({ events: z.array(RequestEvent).max(5000), unlisted: Count }),
  collections: z.object({ collections: z.array(Collection).max(20_000), unlisted: Count }),
  silentMs: Duration,
  faults: Count,
};
export const Drained = z.object(drained);
export type Drained = z.output<typeof Drained>;

const RouteCount = z.object({
  kind: z.enum(["server", "client"]),
  method: Text(20),
  route: Text(200),
  isDerived: z.boolean(),
  outcome: Outcome,
  peer: Text(220),
  count: Count,
  sum: Duration,
  min: Duration,
  max: Duration,
  buckets: z.array(z.tuple([Count, Count])).max(512),
});
export type RouteCount = z.output<typeof RouteCount>;

const Delay = z.object({
  min_ms: Duration,
  mean_ms: Duration,
  p50_ms: Duration,
  p90_ms: Duration,
  p99_ms: Duration,
  max_ms: Duration,
});

export const Final = z.object({
  ...drained,
  windowMs: z.number().positive(),
  counted: z.object({
    counts: z.array(RouteCount).max(202),
    inFlight: z
      .array(
        z.object({
          kind: z.enum(["server", "client"]),
          method: Text(20),
          route: Text(200),
          age_ms: Duration,
        }),
      )
      .max(100),
    inFlightCount: Count,
    olderInFlight: Count.optional(),
    startedBefore: Count,
    aborted: Count,
    untimed: Count,
  }),
  collected: z.object({ count: Count, pauseMs: Duration, longestMs: Duration, otherMs: Duration }),
  loop: z.object({
    hasTurned: z.boolean(),
    utilization: Duration,
    delay: Delay.optional(),
    cpuUserMs: Duration,
    cpuSystemMs: Duration,
    heap: z.record(Text(40), z.number()),
    spaces: z.array(z.object({ name: Text(60), size_bytes: z.number(), used_bytes: z.number() })).max(100),
    activeResources: z.record(Text(60), Count),
  }),
  rss_bytes: z.number(),
  tookMs: Duration,
});
export type Final = z.output<typeof Final>;

/** Parses the JSON text that an observer gave; undefined when it is not what ours give. */
export function parseObserved<T>(schema: z.ZodType<T>, text: unknown): T | undefined {
  if (typeof text !== "string") return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
