// The few numbers of a process that are worth setting side by side, whether a rule found anything about them or not. What
// is not known is not there.
import type { Evidence } from "./evidence.ts";
import {
  isBacklogged,
  isCloseWait,
  isSynSent,
  isUnacknowledged,
  isUnread,
  tcpOf,
  type Test,
} from "./connections.ts";
import { tenth } from "./wording.ts";

export interface Vital {
  /** The id of the reading that would tell of it, where there is one. */
  readonly id: string;
  readonly label: string;
  readonly value: number;
  /** `percent`, `count`, `bytes`, `ms`. */
  readonly unit: string;
}

type Measure = (evidence: Evidence) => number | undefined;

const MEASURES: readonly (readonly [string, string, string, Measure])[] = [
  ["gc-share", "GC", "percent", ({ runtime }) => runtime?.collections?.value.sharePercent],
  ["event-loop-late", "event loop late (p99)", "ms", ({ runtime }) => runtime?.loop?.value.delay?.p99Ms],
  ["event-loop-blocked", "event loop silent", "ms", ({ runtime }) => runtime?.loop?.value.silentMs],
  ["requests", "requests answered", "count", ({ runtime }) => runtime?.requests?.value.count],
  ["requests-in-flight", "requests in flight", "count", ({ runtime }) => runtime?.inFlight?.value.count],
  ["thread-cpu", "main thread on CPU", "percent", (evidence) => ofMainThread(evidence, "cpuPercent")],
  ["process-cpu", "CPU of all threads", "percent", processCpu],
  [
    "thread-cpu-wait",
    "main thread waits for a CPU",
    "percent",
    (evidence) => ofMainThread(evidence, "latPercent"),
  ],
  ["threads-uninterruptible", "threads in D", "count", threadsInD],
  ["memory-growing", "RSS", "bytes", ({ process }) => process?.residentBytes?.value],
  ["heap-near-limit", "heap", "bytes", ({ runtime }) => runtime?.heap?.value.usedBytes],
  ["descriptors", "descriptors", "count", ({ descriptors }) => descriptors?.open.value],
  ["threads", "threads", "count", ({ process }) => process?.threads?.value],
  ["close-wait", "CLOSE_WAIT", "count", counting(isCloseWait)],
  ["syn-sent", "SYN_SENT", "count", counting(isSynSent)],
  ["unread-bytes", "connections with unread bytes", "count", counting(isUnread)],
  ["unacknowledged-bytes", "connections with unacknowledged bytes", "count", counting(isUnacknowledged)],
  ["accept-backlog", "listening sockets with a backlog", "count", counting(isBacklogged)],
];

/** In an order that does not depend on the evidence. */
export function vitalsOf(evidence: Evidence): readonly Vital[] {
  return MEASURES.flatMap(([id, label, unit, measure]) => {
    const value = measure(evidence);
    return value === undefined ? [] : [{ id, label, unit, value: tenth(value) }];
  });
}

function counting(test: Test): Measure {
  return ({ sockets, descriptors }) => {
    const tcp = tcpOf(sockets);
    // Without a socket of its own it may be one whose descriptors we may not see.
    return sockets === undefined || (tcp.length === 0 && descriptors === undefined)
      ? undefined
      : tcp.filter(test).length;
  };
}

/** The mean over all its intervals, each as long as it was. */
function ofMainThread({ threads }: Evidence, key: "cpuPercent" | "latPercent"): number | undefined {
  const own = threads?.usages.filter(({ tid }) => tid === threads.mainThread) ?? [];
  const known = own.filter((usage) => usage[key] !== undefined);
  const elapsedMs = known.reduce((sum, usage) => sum + usage.elapsedMs, 0);
  if (elapsedMs === 0) return undefined;
  return known.reduce((sum, usage) => sum + (usage[key] ?? 0) * usage.elapsedMs, 0) / elapsedMs;
}

function processCpu({ threads }: Evidence): number | undefined {
  if (threads === undefined || threads.windowMs <= 0 || threads.usages.length === 0) return undefined;
  return (
    threads.usages.reduce((sum, { cpuPercent = 0, elapsedMs }) => sum + cpuPercent * elapsedMs, 0) /
    threads.windowMs
  );
}

/** At the last look. */
function threadsInD({ threads }: Evidence): number | undefined {
  const last = Math.max(...(threads?.looks.map(({ monotonicMs }) => monotonicMs) ?? []));
  if (threads === undefined || !Number.isFinite(last)) return undefined;
  return threads.looks.filter(({ monotonicMs, state }) => monotonicMs === last && state === "D").length;
}
