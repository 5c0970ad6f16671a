// All rules over one evidence: what a capture does at its seal, and `check` on live data.
import { messageOf } from "../errors.ts";
import type { Evidence } from "./evidence.ts";
import { orderReadings } from "./order.ts";
import { NO_EXPECTATIONS, type Expectations, type Reading, type Rule } from "./rule.ts";
import { rules } from "./rules/index.ts";

/** Every reading of the evidence, the most telling first. */
export function judgeEvidence(
  evidence: Evidence,
  expectations: Expectations = NO_EXPECTATIONS,
): readonly Reading[] {
  return orderReadings(rules.flatMap((rule) => judgeBy(rule, evidence, expectations)));
}

/** The readings of one rule. One that fails loses its own, never those of others, and it is told: its silence means nothing. */
export function judgeBy(
  { id, question, next, judge }: Rule,
  evidence: Evidence,
  expectations: Expectations = NO_EXPECTATIONS,
): readonly Reading[] {
  try {
    return judge(evidence, expectations).map((judged) => ({ id, question, next, ...judged }));
  } catch (error) {
    return [failedReading(id, error)];
  }
}

/** That a question could not be answered is a reading, too. */
export function failedReading(what: string, error: unknown): Reading {
  return {
    id: "reading-failed",
    question: "Could all questions be asked of the evidence?",
    text: `Not all that stands out may be here: ${what} failed (${messageOf(error)}).`,
    value: 1,
    unit: "count",
    sureness: "hint",
    speaksFor: "none",
    next: "This is a bug of Exhibit: please tell its developers. The evidence itself is whole.",
    file: "capture.json",
  };
}
