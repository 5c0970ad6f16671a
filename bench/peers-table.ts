// What bench:peers prints: medians and ranges, ratios to ours, and what was found in the results.
import prettyBytes from "pretty-bytes";
import type { Check } from "./peers-evidence.ts";
import type { Measured } from "./peers-measure.ts";
import { median } from "./statistics.ts";

/** All rounds of one contender. */
export interface Rounds {
  readonly name: string;
  readonly measured: readonly Measured[];
  readonly checks: readonly (readonly Check[])[];
}

type Measure = Exclude<keyof Measured, "result" | "load" | "samplerGapMs">;

const seconds = (value: number) => `${value.toFixed(value < 10 ? 2 : 1)} s`;
const milliseconds = (value: number) => `${value.toFixed(0)} ms`;
const MEASURES: readonly (readonly [Measure, string, (value: number) => string])[] = [
  ["wallS", "wall time", seconds],
  ["freeS", "until a restart could start", seconds],
  ["cpuS", "CPU, whole tree", seconds],
  ["resultBytes", "size of the result", (value) => prettyBytes(value)],
  ["writtenBytes", "written to disk on the way", (value) => prettyBytes(value)],
  ["stopMs", "longest stop of the target, by its state", milliseconds],
  ["beatMs", "longest silence of the target, by its own beat", milliseconds],
];

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return lines.join("\n");
}

const valuesOf = (rounds: Rounds, measure: Measure) => rounds.measured.map((one) => one[measure]);

/** Median, and smallest to largest. */
export function measureTable(all: readonly Rounds[]): string {
  const rows = MEASURES.map(([measure, label, format]) => [
    label,
    ...all.map((rounds) => {
      const values = valuesOf(rounds, measure);
      return `${format(median(values))} (${format(Math.min(...values))} to ${format(Math.max(...values))})`;
    }),
  ]);
  return table(["median (range)", ...all.map(({ name }) => name)], rows);
}

/** Of each peer's median to that of each of ours; none where ours is zero. */
export function ratioTable(ours: readonly Rounds[], peers: readonly Rounds[]): string {
  const pairs = peers.flatMap((peer) => ours.map((own) => ({ peer, own })));
  const rows = MEASURES.map(([measure, label]) => [
    label,
    ...pairs.map(({ peer, own }) => {
      const base = median(valuesOf(own, measure));
      return base === 0 ? "-" : `${Number((median(valuesOf(peer, measure)) / base).toPrecision(2))} x`;
    }),
  ]);
  return table(["ratio of medians", ...pairs.map(({ peer, own }) => `${peer.name} / ${own.name}`)], rows);
}

/** A row for each thing looked for: in how many of the results it was. */
export function evidenceTable(all: readonly Rounds[]): string {
  const kinds = all[0]?.checks[0] ?? [];
  const rows = kinds.map(({ kind, what }, index) => [
    kind === kinds[index - 1]?.kind ? "" : kind,
    what,
    ...all.map(({ checks }) => {
      const found = checks.filter((one) => one[index]?.found !== undefined).length;
      return found === checks.length ? "yes" : found === 0 ? "no" : `${found} of ${checks.length}`;
    }),
  ]);
  return table(["kind", "in the result", ...all.map(({ name }) => name)], rows);
}
