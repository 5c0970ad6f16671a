import type { Tools } from "./tools.ts";

/**
 * Garbage collections, by PerformanceObserver: the pauses of the main thread, without concurrent work and incremental steps.
 * What it tells besides, the starts of marking and weak callbacks, is counted apart: --trace-gc does not count it.
 */
export function watchCollections({ perf, options, toUnix, fault }: Tools) {
  let collections: unknown[] = [];
  let unlisted = 0;
  let count = 0;
  let pauseMs = 0;
  let longestMs = 0;
  let otherMs = 0;
  const KINDS: Record<string, string> = {
    1: "minor",
    2: "minor",
    4: "major",
    8: "incremental",
    16: "weakcb",
  };
  interface Entry {
    readonly startTime: number;
    readonly duration: number;
    readonly detail?: { readonly kind?: number; readonly flags?: number };
  }
  const take = (entries: readonly Entry[]) => {
    for (const { startTime, duration, detail } of entries) {
      const kind = KINDS[String(detail?.kind)] ?? "other";
      if (kind === "minor" || kind === "major") {
        count++;
        pauseMs += duration;
        if (duration > longestMs) longestMs = duration;
      } else otherMs += duration;
      if (collections.length < options.mostCollections)
        collections.push([toUnix(startTime), kind, duration, detail?.flags]);
      else unlisted++;
    }
  };
  const observer = new perf.PerformanceObserver((list) => {
    try {
      take(list.getEntries());
    } catch {
      fault();
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  const drain = () => {
    const drained = { collections, unlisted };
    collections = [];
    unlisted = 0;
    return drained;
  };
  return {
    drain,
    stop: () => {
      try {
        take(observer.takeRecords());
      } catch {
        fault();
      }
      observer.disconnect();
      return { count, pauseMs, longestMs, otherMs };
    },
  };
}
