// All rules over one evidence: what a capture does at its seal, and `check` on live data.
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

/** The readings of one rule. */
export function judgeBy(
  { id, question, next, judge }: Rule,
  evidence: Evidence,
  expectations: Expectations = NO_EXPECTATIONS,
): readonly Reading[] {
  return judge(evidence, expectations).map((judged) => ({ id, question, next, ...judged }));
}
