// What is known of a runtime; what is not is undefined.
import type { JvmThreads } from "../../parsers/jvm-threads.ts";
import type { Fact } from "../fact.ts";
import type { CollectionPause } from "./pauses.ts";
import type { RouteLatency, SlowRoute } from "./routes.ts";

export interface GarbageCollection {
  readonly sharePercent: number;
  readonly count?: number | undefined;
  readonly longestMs?: number | undefined;
  /** Marking between the pauses (V8): a part of the share, as far as it is known. */
  readonly incremental?: Incremental | undefined;
  /** Some of them may have been missed. */
  readonly isLeast?: boolean | undefined;
  /** How full the part for what lives long is (JVM). */
  readonly oldPercent?: number | undefined;
}

export interface Incremental {
  readonly ms: number;
  /** Of so many major collections it is not known. */
  readonly unknownOf: number;
}

export interface EventLoop {
  /** It came around at least once. */
  readonly hasTurned: boolean;
  /** Since it last came around. */
  readonly silentMs: number | undefined;
  /** How late it was, where it is known. */
  readonly delay: { readonly p99Ms: number; readonly maxMs: number } | undefined;
  /** 0 to 1. */
  readonly utilization: number | undefined;
  /** Where the main thread was when it did not come around. */
  readonly blockedIn: string | undefined;
}

export interface Heap {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

export interface RuntimeEvidence {
  readonly windowMs: number;
  /** `inspector`, `v8-trace`, `jstat`, `dtrace-usdt`. */
  readonly method: string;
  readonly collections: Fact<GarbageCollection> | undefined;
  /** Java threads, and the monitors that they wait for. */
  readonly javaThreads: Fact<JvmThreads> | undefined;
  readonly loop: Fact<EventLoop> | undefined;
  /** For how long the main thread was asked for its inspector, and did not answer. */
  readonly silentMs: Fact<number> | undefined;
  readonly heap: Fact<Heap> | undefined;
  /** Requests that were answered, and the route that most time went into. */
  readonly requests: Fact<{ readonly count: number; readonly slowest: SlowRoute | undefined }> | undefined;
  /** Those that took most time in all first. */
  readonly routes: readonly RouteLatency[];
  /** Each garbage collection, oldest first; parsed when it is asked for. None when they were only counted. */
  readonly pauses: () => readonly CollectionPause[];
  readonly inFlight:
    | Fact<{
        readonly count: number;
        readonly olderThanWindow: number;
        readonly oldest: { readonly name: string; readonly ageMs: number } | undefined;
      }>
    | undefined;
  /** What belongs to it and is not in these numbers: worker threads, and the pids of Node processes that it started. */
  readonly unobserved: Fact<{ readonly workers: number; readonly children: readonly number[] }> | undefined;
}

export const NOTHING = {
  collections: undefined,
  javaThreads: undefined,
  loop: undefined,
  silentMs: undefined,
  heap: undefined,
  requests: undefined,
  routes: [],
  pauses: (): readonly CollectionPause[] => [],
  inFlight: undefined,
  unobserved: undefined,
};
