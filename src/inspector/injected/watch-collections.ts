import type { Tools } from "./tools.ts";

/** Garbage collections, by PerformanceObserver: the pauses of the main thread, without concurrent and incremental work. */
export function watchCollections({ perf, options, toUnix, fault }: Tools) {
  let collections: unknown[] = [];
  let unlisted = 0;
  let count = 0;
  let pauseMs = 0;
  let longestMs = 0;
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
      count++;
      pauseMs += duration;
      if (duration > longestMs) longestMs = duration;
      const kind = KINDS[String(detail?.kind)] ?? "other";
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
      return { count, pauseMs, longestMs };
    },
  };
}
