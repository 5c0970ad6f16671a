import type { Tools } from "./tools.ts";

type Outcome = number | string;
/** What a request was, when it ended. */
interface Told {
  readonly kind: string;
  readonly method: string;
  readonly route: string;
  /** The framework did not say it: made of the path. */
  readonly isDerived: boolean;
  readonly outcome: Outcome;
  readonly peer: string;
}

/** Counts requests by route, and keeps the last ones to be told one by one; both within bounds, whatever comes. */
export function countRequests({ options, toUnix }: Pick<Tools, "options" | "toUnix">) {
  interface Count extends Told {
    count: number;
    sum: number;
    min: number;
    max: number;
    readonly buckets: Uint32Array;
  }
  // Sixteen buckets an octave of microseconds: each is 4.4 % wide, and 512 of them reach an hour.
  const log2 = Math.log2;
  const bucketOf = (us: number) => (us < 1 ? 0 : Math.min(511, (1 + log2(us) * 16) | 0));
  const counts: Count[] = [];
  /** By the route, for a request must cost next to nothing: few counts share one. */
  const byRoute = new Map<string, Count[]>();
  const others = new Map<string, Count>();
  // What is told one by one: filled anew between two drains, numbers are not allocated one by one.
  const events: Told[] = [];
  const eventTimes = new Float64Array(2 * options.mostEvents);
  let listed = 0;
  let unlisted = 0;
  const otherOf = (kind: string) => ({
    kind,
    method: "",
    route: "{other}",
    isDerived: true,
    outcome: "",
    peer: "",
  });
  const open = (what: Told): Count => ({
    ...what,
    count: 0,
    sum: 0,
    min: Infinity,
    max: 0,
    buckets: new Uint32Array(512),
  });
  const same = (count: Count, what: Told) =>
    count.outcome === what.outcome &&
    count.method === what.method &&
    count.kind === what.kind &&
    count.peer === what.peer;
  const add = (count: Count, ms: number) => {
    count.count++;
    count.sum += ms;
    if (ms < count.min) count.min = ms;
    if (ms > count.max) count.max = ms;
    const at = bucketOf(ms * 1000);
    count.buckets[at] = (count.buckets[at] ?? 0) + 1;
  };
  const NONE: Count[] = [];
  const find = (what: Told) => {
    for (const count of byRoute.get(what.route) ?? NONE) if (same(count, what)) return count;
    return undefined;
  };
  /** A new one; what is too much is counted with all the others of its kind. */
  const admit = (what: Told): Count => {
    if (counts.length >= options.mostRoutes) {
      const other = others.get(what.kind) ?? open(otherOf(what.kind));
      others.set(what.kind, other);
      return other;
    }
    const count = open(what);
    counts.push(count);
    const siblings = byRoute.get(what.route);
    if (siblings === undefined) byRoute.set(what.route, [count]);
    else siblings.push(count);
    return count;
  };
  const record = (what: Told, endedAt: number, ms: number) => {
    add(find(what) ?? admit(what), ms);
    if (listed < options.mostEvents) {
      events[listed] = what;
      eventTimes[2 * listed] = endedAt;
      eventTimes[2 * listed + 1] = ms;
      listed++;
    } else unlisted++;
  };
  return {
    record,
    /** What was told since the last time. */
    drain: () => {
      const told = events.slice(0, listed).map(({ kind, method, route, isDerived, outcome, peer }, index) => {
        const endedAt = toUnix(eventTimes[2 * index] ?? 0);
        return [endedAt, kind, method, route, isDerived, outcome, eventTimes[2 * index + 1], peer];
      });
      const drained = { events: told, unlisted };
      events.length = listed = unlisted = 0;
      return drained;
    },
    counts: () =>
      [...counts, ...others.values()].map((count) => ({
        ...count,
        buckets: [...count.buckets.entries()].filter(([, value]) => value > 0),
      })),
  };
}
