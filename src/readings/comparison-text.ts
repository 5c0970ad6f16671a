// A comparison in words: the verdict, the numbers side by side, and why.
import prettyBytes from "pretty-bytes";
import { movedVitals } from "./differences.ts";
import type { ComparedVital, Comparison, Verdict } from "./compare.ts";

const WORDS: Readonly<Record<Verdict, string>> = {
  fixed: "Fixed",
  "not-fixed": "Not fixed",
  worse: "Worse",
  unknown: "Cannot tell",
};
/** What people ask for first, whatever stood out. */
const ALWAYS = ["memory-growing", "process-cpu"];
const MOST = 4;

export function verdictWord(verdict: Verdict): string {
  return WORDS[verdict];
}

/** `41%`, `2.5 GB`, `12 ms`, `300`. */
export function formatVital(value: number, unit: string): string {
  if (unit === "bytes") return prettyBytes(value);
  if (unit === "percent") return `${value}%`;
  return unit === "ms" ? `${value} ms` : String(value);
}

/** `GC 41% -> 0.3%`; what is not known is said to be so. */
export function describeVital({ label, unit, before, after }: ComparedVital): string {
  const tell = (value: number | undefined) => (value === undefined ? "unknown" : formatVital(value, unit));
  return `${label} ${tell(before)} -> ${tell(after)}`;
}

/** `Fixed: GC 41% -> 0.3%, RSS 2.5 GB -> 200 MB (gone: gc-share)`. */
export function comparisonText(comparison: Comparison): string {
  const { verdict, text, vitals, gone, stayed, appeared } = comparison;
  const first = [...stayed, ...gone, ...appeared, ...ALWAYS];
  const known = vitals.filter(({ before, after }) => before !== undefined && after !== undefined);
  const moved = movedVitals(known);
  const told = [...new Set(first)]
    .flatMap((id) => (ALWAYS.includes(id) ? moved : known).filter((vital) => vital.id === id))
    .slice(0, MOST)
    .map(describeVital);
  return `${WORDS[verdict]}: ${told.length === 0 ? text : `${told.join(", ")} (${text})`}`;
}
