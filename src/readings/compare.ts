// Two looks at one service, set side by side: what stood out before and what does afterwards. Pure. A symptom that could
// not have been seen the second time is not one that is gone.
import type { Evidence } from "./evidence.ts";
import type { Sureness, SpeaksFor } from "./rule.ts";
import { vitalsOf, type Vital } from "./vitals.ts";

/** `unknown`: cannot tell, and the text says why. */
export type Verdict = "fixed" | "not-fixed" | "worse" | "unknown";

export interface Side {
  readonly evidence: Evidence;
  readonly readings: readonly {
    readonly id: string;
    readonly value: number;
    readonly collector: string;
    readonly sureness?: Sureness | undefined;
    readonly speaksFor?: SpeaksFor | undefined;
  }[];
}

export interface ComparedVital {
  readonly id: string;
  readonly label: string;
  readonly unit: string;
  /** Absent: not known. */
  readonly before?: number | undefined;
  readonly after?: number | undefined;
}

export interface Comparison {
  readonly verdict: Verdict;
  /** Why, without the numbers. */
  readonly text: string;
  readonly vitals: readonly ComparedVital[];
  /** Ids of readings: what stood out and does no more, still does, or does now. */
  readonly gone: readonly string[];
  readonly stayed: readonly string[];
  readonly appeared: readonly string[];
  /** What stood out before, and could not be seen the second time. */
  readonly unseen: readonly string[];
}

/** What tells of a process without anything being wrong with it. */
const NEUTRAL = new Set([
  "resident-memory",
  "thread-cpu",
  "executable-deleted",
  "core-size",
  "slowest-route",
  "main-thread-stack",
]);
/** From here on the same symptom counts as grown. */
const WORSE_FACTOR = 1.5;

/** What must be there for the readings of a collector to be possible. */
const PARTS: Readonly<Record<string, (evidence: Evidence) => unknown>> = {
  process: ({ process }) => process,
  threads: ({ threads }) => (threads && threads.usages.length > 0 ? threads : undefined),
  sockets: ({ sockets }) => sockets,
  "open-files": ({ descriptors }) => descriptors,
  host: ({ host }) => (host?.windowMs === undefined ? undefined : host),
  runtime: ({ runtime }) => runtime,
  stacks: ({ stacks }) => stacks,
};

interface Symptom {
  readonly value: number;
  readonly collector: string;
}

/** The largest of each id: one of several peers is still the symptom. */
function symptomsOf({ readings }: Side): ReadonlyMap<string, Symptom> {
  const found = new Map<string, Symptom>();
  for (const { id, value, collector, sureness } of readings) {
    if (sureness === undefined || sureness === "hint" || NEUTRAL.has(id)) continue;
    if (value >= (found.get(id)?.value ?? Number.NEGATIVE_INFINITY)) found.set(id, { value, collector });
  }
  return found;
}

function canBeSeen(evidence: Evidence, { collector }: Symptom): boolean {
  return PARTS[collector]?.(evidence) !== undefined;
}

/** Compares two looks at one service; the process may be another one by then. */
export function compareSides(before: Side, after: Side): Comparison {
  const [then, now] = [symptomsOf(before), symptomsOf(after)];
  const missing = [...then].filter(([id]) => !now.has(id));
  const gone = missing.filter(([, symptom]) => canBeSeen(after.evidence, symptom)).map(([id]) => id);
  const unseen = missing.filter(([, symptom]) => !canBeSeen(after.evidence, symptom)).map(([id]) => id);
  const stayed = [...then.keys()].filter((id) => now.has(id));
  const appeared = [...now]
    .filter(([id, symptom]) => !then.has(id) && canBeSeen(before.evidence, symptom))
    .map(([id]) => id);
  const grown = stayed.filter((id) => (now.get(id)?.value ?? 0) > WORSE_FACTOR * (then.get(id)?.value ?? 0));
  const found = { gone, stayed, appeared, unseen };
  return {
    ...verdictOf({ ...found, grown, isSeen: after.evidence.process !== undefined }),
    ...found,
    vitals: sideBySide(vitalsOf(before.evidence), vitalsOf(after.evidence)),
  };
}

const say = (verdict: Verdict, ...parts: readonly (readonly [string, readonly string[]])[]) => ({
  verdict,
  text: parts.flatMap(([word, ids]) => (ids.length === 0 ? [] : [`${word}: ${ids.join(", ")}`])).join("; "),
});

function verdictOf(found: {
  readonly gone: readonly string[];
  readonly stayed: readonly string[];
  readonly appeared: readonly string[];
  readonly unseen: readonly string[];
  readonly grown: readonly string[];
  readonly isSeen: boolean;
}): Pick<Comparison, "verdict" | "text"> {
  const { gone, stayed, appeared, unseen, grown, isSeen } = found;
  if (!isSeen) return { verdict: "unknown", text: "the process was not seen afterwards" };
  if (grown.length > 0) return say("worse", ["grown", grown], ["new", appeared], ["gone", gone]);
  if (appeared.length > 0 && gone.length === 0)
    return say("worse", ["new", appeared], ["still there", stayed]);
  if (stayed.length > 0 || appeared.length > 0)
    return say("not-fixed", ["still there", stayed], ["new", appeared], ["gone", gone]);
  if (unseen.length > 0) return say("unknown", ["could not be looked for again", unseen], ["gone", gone]);
  if (gone.length === 0) return { verdict: "unknown", text: "nothing had stood out before" };
  return say("fixed", ["gone", gone]);
}

function sideBySide(before: readonly Vital[], after: readonly Vital[]): readonly ComparedVital[] {
  const then = new Map(before.map((vital) => [vital.id, vital]));
  const now = new Map(after.map((vital) => [vital.id, vital]));
  return [...new Map([...then, ...now]).values()].map(({ id, label, unit }) => {
    const [first, last] = [then.get(id)?.value, now.get(id)?.value];
    return {
      id,
      label,
      unit,
      ...(first === undefined ? {} : { before: first }),
      ...(last === undefined ? {} : { after: last }),
    };
  });
}
