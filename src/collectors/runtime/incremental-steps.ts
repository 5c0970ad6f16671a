// What marking cost before the pauses of V8's major collections: done on the main thread a little at a time, it is no pause, and no
// PerformanceObserver tells of it. V8 tells it in its own line about the collection (parsers/v8-trace.ts).
import { parseTracedCollection } from "../../parsers/v8-trace.ts";
import type { TracedLines, TraceWatch } from "../inspection.ts";
import type { Drained } from "./observed.ts";

/** Between the end of a pause as the observer tells it and as V8's line does; clocks and looks differ by a few milliseconds. */
const SAME_WITHIN_MS = 100;

/** 3 MB of text. */
const MOST_LINES = 20_000;

type Observed = Drained["collections"]["collections"][number];
type Line = TracedLines["lines"][number];

/** Of the major collections in the window. */
export interface IncrementalSteps {
  readonly ms: number;
  readonly majors: number;
  /** Those whose steps are known: less than `majors` makes `ms` a lower bound. */
  readonly known: number;
  /** Why they are not. */
  readonly unknown: string | undefined;
}

/** Takes what both tell as it comes, and brings it together at the end. */
export function joinSteps(watch: Pick<TraceWatch, "take">) {
  const majors: Observed[] = [];
  const lines: Line[] = [];
  let unknown: string | undefined;
  return {
    /** After each drain: what V8 writes of a collection is there before the observer tells of it. */
    add: (collections: readonly Observed[]) => {
      for (const collection of collections) if (collection[1] === "major") majors.push(collection);
      const taken = watch.take();
      lines.push(...taken.lines.slice(0, MOST_LINES - lines.length));
      unknown = taken.unknown;
    },
    /** As V8 wrote them, to be saved. */
    text: () => lines.map(({ text }) => `${text}\n`).join(""),
    steps: (): IncrementalSteps => stepsOf(majors, lines, unknown),
  };
}

function stepsOf(
  majors: readonly Observed[],
  lines: readonly Line[],
  unknown: string | undefined,
): IncrementalSteps {
  const traced = lines.flatMap(({ text, seenUnixMs }) => {
    const collection = parseTracedCollection(text);
    return collection === undefined ? [] : [{ ...collection, seenUnixMs }];
  });
  // V8 counts from the beginning of its isolate. The line that was seen soonest after it was written tells when that was.
  const beganUnixMs = Math.min(...traced.map(({ atMs, seenUnixMs }) => seenUnixMs - atMs));
  const candidates = traced.filter(({ isMajor }) => isMajor);
  let [ms, known, at] = [0, 0, 0];
  // Both are in order of time.
  for (const [startUnixMs, , pauseMs] of majors) {
    const distance = (index: number) => {
      const line = candidates[index];
      return line === undefined ? Infinity : Math.abs(beganUnixMs + line.atMs - startUnixMs - pauseMs);
    };
    while (distance(at + 1) < distance(at)) at++;
    if (distance(at) > SAME_WITHIN_MS) continue;
    ms += candidates[at]?.stepsMs ?? 0;
    known++;
    at++;
  }
  return {
    ms,
    majors: majors.length,
    known,
    unknown: known === majors.length ? undefined : (unknown ?? "V8's line about it was not seen in time"),
  };
}

interface Pauses {
  readonly windowMs: number;
  readonly count: number;
  readonly pauseMs: number;
  readonly longestMs: number;
  /** Told by the observer beside the pauses: starts of marking, weak callbacks. */
  readonly otherMs: number;
}

/** `gc` of summary.json. The share is of what --trace-gc counts, so that both can be compared; the rest stands beside it. */
export function summarizeCollections(pauses: Pauses, steps: IncrementalSteps) {
  const { known, majors } = steps;
  const isKnown = known > 0 || majors === 0;
  return {
    share_pct: round((100 * (pauses.pauseMs + steps.ms)) / pauses.windowMs),
    counts: isKnown ? "pauses and incremental steps" : "pauses, without incremental steps",
    pause_ms: round(pauses.pauseMs),
    count: pauses.count,
    max_pause_ms: round(pauses.longestMs),
    incremental_ms: isKnown ? round(steps.ms) : undefined,
    major_count: majors,
    major_count_with_steps: known,
    incremental_unknown: steps.unknown,
    not_counted_ms: round(pauses.otherMs),
  };
}

const round = (value: number) => Math.round(value * 1000) / 1000;
