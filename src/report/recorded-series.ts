// The recorder's looks as series over time. A time in which nobody looked is unknown: a gap, never 0.
import type { RecordedEvidence, RecordedLook } from "../readings/evidence/recorded.ts";
import { MOST_COLUMNS } from "./columns.ts";

/** Two looks further apart than this, in usual intervals, have a gap between them. */
const GAP_FACTOR = 3;
const LEAST_STEP_MS = 1000;
/** Socket states that are shown, of a file that may name any. */
const MOST_STATES = 4;

export interface RecordedSeries {
  readonly name: string;
  readonly unit: "percent" | "bytes" | "count";
  /** One for each equal part of the time; undefined where nobody looked. */
  readonly values: readonly (number | undefined)[];
  readonly last: number;
  readonly highest: number;
}

interface Point {
  readonly upMs: number;
  readonly value: number;
}

/** Series with a value at least; CPU is the mean between two looks, in percent of a core. */
export function recordedSeries({ looks }: RecordedEvidence): readonly RecordedSeries[] {
  const [first, last] = [looks[0], looks.at(-1)];
  if (first === undefined || last === undefined) return [];
  const span = { fromMs: first.upMs, toMs: last.upMs };
  const of = (pick: (look: RecordedLook) => number | undefined) =>
    looks.flatMap((look): readonly Point[] => {
      const value = pick(look);
      return value === undefined ? [] : [{ upMs: look.upMs, value }];
    });
  const states = statesOf(looks).map(
    (state) =>
      [
        `TCP ${state}`,
        "count",
        of(({ sockets }) => (sockets === undefined ? undefined : (sockets[state] ?? 0))),
      ] as const,
  );
  const all = [
    ["CPU", "percent", cpuOf(of(({ cpuMs }) => cpuMs))],
    ["resident memory", "bytes", of(({ residentBytes }) => residentBytes)],
    ["threads", "count", of(({ threads }) => threads)],
    ["descriptors", "count", of(({ descriptors }) => descriptors)],
    ...states,
  ] as const;
  return all.flatMap(([name, unit, points]) => {
    const values = columnsOf(points, span);
    const newest = points.at(-1);
    if (newest === undefined) return [];
    return [
      { name, unit, values, last: newest.value, highest: Math.max(...points.map(({ value }) => value)) },
    ];
  });
}

/** Those with most sockets. */
function statesOf(looks: readonly RecordedLook[]): readonly string[] {
  const most = new Map<string, number>();
  for (const { sockets = {} } of looks)
    for (const [state, count] of Object.entries(sockets))
      most.set(state, Math.max(most.get(state) ?? 0, count));
  const ranked = [...most].toSorted(([, one], [, other]) => other - one);
  return ranked.slice(0, MOST_STATES).map(([state]) => state);
}

/** Across a gap the mean says little of any moment in it. */
function cpuOf(points: readonly Point[]): readonly Point[] {
  const longestMs = GAP_FACTOR * usualMs(points);
  return points.flatMap(({ upMs, value }, index): readonly Point[] => {
    const before = points[index - 1];
    if (before === undefined || upMs <= before.upMs || upMs - before.upMs > longestMs) return [];
    return [{ upMs, value: Math.max(0, (100 * (value - before.value)) / (upMs - before.upMs)) }];
  });
}

/** The median interval of looks. */
function usualMs(points: readonly Point[]): number {
  const intervals = points.slice(1).map(({ upMs }, index) => upMs - (points[index]?.upMs ?? upMs));
  const sorted = intervals.toSorted((one, other) => one - other);
  return Math.max(LEAST_STEP_MS, sorted[Math.floor(sorted.length / 2)] ?? 0);
}

/** The highest value in each part of the time, which is as long as looks are apart, or longer. */
function columnsOf(
  points: readonly Point[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): readonly (number | undefined)[] {
  // A little longer: looks that come a moment late must not leave a part empty.
  const stepMs = usualMs(points) * 1.25;
  const count = Math.max(1, Math.min(MOST_COLUMNS, Math.floor((toMs - fromMs) / stepMs)));
  const values: (number | undefined)[] = Array.from({ length: count });
  for (const { upMs, value } of points) {
    const at = Math.min(count - 1, Math.floor(((upMs - fromMs) / Math.max(1, toMs - fromMs)) * count));
    values[at] = Math.max(values[at] ?? 0, value);
  }
  return values;
}
