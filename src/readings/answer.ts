// What all readings together say to the one who is about to restart: a sum, not a diagnosis.
import type { Evidence } from "./evidence.ts";
import type { Sureness, SpeaksFor } from "./rule.ts";

/**
 * `restart`: something is kept in the process that ends with it. `elsewhere`: what was found comes from outside of it.
 * `nothing`: nothing speaks for a restart. `unknown`: what was not seen could have.
 */
export type Answer = "restart" | "elsewhere" | "nothing" | "unknown";

/** What must have been seen before "nothing" may be said; each as its collector is called. */
const NEEDED = [
  ["process", "process"],
  ["threads", "threads"],
  ["sockets", "sockets"],
  ["descriptors", "open-files"],
] as const;

/** The collectors without whose evidence nothing can be ruled out, and that gave none. */
export function unseenParts(evidence: Evidence): readonly string[] {
  return NEEDED.flatMap(([part, collector]) => (evidence[part] === undefined ? [collector] : []));
}

/** The same by how the collectors ended, where the evidence itself is not at hand. */
export function unseenCollectors(
  records: readonly { readonly name: string; readonly bytes: number }[],
): readonly string[] {
  const seen = new Set(records.filter(({ bytes }) => bytes > 0).map(({ name }) => name));
  return NEEDED.map(([, collector]) => collector).filter((collector) => !seen.has(collector));
}

/** The answer; a hint alone is never one. Readings of bundles of an older version say nothing of a restart. */
export function answerOf(
  readings: readonly {
    readonly speaksFor?: SpeaksFor | undefined;
    readonly sureness?: Sureness | undefined;
  }[],
  unseen: readonly string[],
): Answer {
  const sure = readings.filter(({ sureness }) => sureness !== undefined && sureness !== "hint");
  if (sure.some(({ speaksFor }) => speaksFor === "restart")) return "restart";
  if (unseen.length > 0) return "unknown";
  return sure.some(({ speaksFor }) => speaksFor === "not-restart") ? "elsewhere" : "nothing";
}

/** The answer as a sentence, for notes and terminals. */
export function answerText(answer: Answer, unseen: readonly string[]): string {
  if (answer === "restart") return "Something speaks for a restart: what is wrong is kept in this process.";
  if (answer === "elsewhere")
    return "Nothing speaks for a restart: what was found comes from outside of this process.";
  if (answer === "nothing") return "Nothing speaks for a restart.";
  return `Cannot tell whether a restart would help: not seen: ${unseen.join(", ")}.`;
}
