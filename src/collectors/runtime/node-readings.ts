// What the observers in a Node process support, in sentences.
import type { Reading } from "../collector.ts";
import { METHOD } from "./node-files.ts";
import type { Final, RouteCount } from "./observed.ts";

/** The time a request waits before somebody would call it stuck. */
const OLD_MS = 1000;
/** A loop that comes around later than this is felt by every request. */
const LATE_MS = 100;

const one = (value: number) => Math.round(value * 10) / 10;
const FILE = "summary.json";

/** `where` is the line of the stack that a blocked main thread was in. */
export function nodeReadings(final: Final, where: string | undefined): readonly Reading[] {
  return [
    ...blocked(final, where),
    ...collections(final),
    ...delay(final),
    ...slowest(final),
    ...inFlight(final),
  ];
}

function reading(final: Final, rest: Omit<Reading, "windowMs" | "method" | "file">): Reading {
  return { ...rest, windowMs: Math.round(final.windowMs), method: METHOD, file: FILE };
}

const seconds = (ms: number) => `${one(ms / 1000)} s`;

function blocked(final: Final, where: string | undefined): readonly Reading[] {
  const { silentMs, windowMs, loop } = final;
  if (silentMs < 1000) return [];
  const value = Math.round(silentMs);
  const place = where === undefined ? "" : `; it is in ${where}`;
  const text = loop.hasTurned
    ? `The event loop has not come around for the last ${seconds(silentMs)} of ${seconds(windowMs)}${place}.`
    : `The event loop did not come around once in ${seconds(windowMs)}${place}.`;
  return [reading(final, { id: "event-loop-blocked", text, value, unit: "ms" })];
}

function collections(final: Final): readonly Reading[] {
  const { collected, windowMs, loop } = final;
  // Its pauses are told by the event loop: without it there may have been any number.
  if (!loop.hasTurned) return [];
  const value = one((100 * collected.pauseMs) / windowMs);
  const longest = collected.count === 0 ? "" : `, the longest ${one(collected.longestMs)} ms`;
  const text = `Garbage collection took ${value}% of ${seconds(windowMs)}: ${collected.count} pauses of the main thread${longest}.`;
  return [reading(final, { id: "gc-share", text, value, unit: "percent" })];
}

function delay(final: Final): readonly Reading[] {
  const { delay: delays, utilization } = final.loop;
  if (delays === undefined) return [];
  const value = one(delays.p99_ms);
  const text = `The event loop was up to ${one(delays.max_ms)} ms late (p99 ${value} ms), busy ${Math.round(utilization * 100)}% of the time.`;
  const id = delays.p99_ms >= LATE_MS ? "event-loop-late" : "event-loop-delay";
  return [reading(final, { id, text, value, unit: "ms" })];
}

function nameOf({ method, route, isDerived }: Pick<RouteCount, "method" | "route" | "isDerived">): string {
  return `${method} ${route}${isDerived ? " (by its path)" : ""}`.trim();
}

/** By the time spent on it in all: the slowest route that is called once a day explains nothing. */
function slowest(final: Final): readonly Reading[] {
  const { counts } = final.counted;
  const requests = counts.filter(({ kind }) => kind === "server").reduce((sum, { count }) => sum + count, 0);
  const worst = counts.filter(({ kind }) => kind === "server").toSorted((a, b) => b.sum - a.sum)[0];
  if (worst === undefined) return [];
  const value = one(worst.sum / worst.count);
  const text = `${requests} requests were answered in ${seconds(final.windowMs)}; most time went into ${nameOf(worst)}: ${worst.count} of them, ${value} ms on average, ${one(worst.max)} ms at most.`;
  return [reading(final, { id: "slowest-route", text, value, unit: "ms" })];
}

function inFlight(final: Final): readonly Reading[] {
  const { inFlight: waiting, inFlightCount, olderInFlight = 0 } = final.counted;
  const oldest = waiting[0];
  const isOld = oldest !== undefined && oldest.age_ms >= OLD_MS;
  if (!isOld && olderInFlight === 0) return [];
  const value = inFlightCount + olderInFlight;
  const parts = [
    ...(isOld
      ? [`the oldest of the window for ${seconds(oldest.age_ms)} (${oldest.method} ${oldest.route})`]
      : []),
    ...(olderInFlight > 0 ? [`${olderInFlight} since before it`] : []),
  ];
  const text = `${value} requests wait for an answer: ${parts.join(", ")}.`;
  return [reading(final, { id: "requests-in-flight", text, value, unit: "count" })];
}
