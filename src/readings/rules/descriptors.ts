import { lineOf } from "../fact.ts";
import type { Rule } from "../rule.ts";
import { tenth } from "../wording.ts";

/** Beyond this share of the limit it is worth a sentence; beyond the other, no reserve is left. */
const NOTABLE_PERCENT = 50;
const NEAR_PERCENT = 90;

export const descriptors: Rule = {
  id: "descriptors",
  question: "How near is it to its limit of open files?",
  next: "What are they: sockets to one peer, or the same file again and again? Is the number growing?",
  judge: ({ descriptors: found }) => {
    const limit = found?.limit;
    if (found === undefined || limit === undefined || limit.value === "unlimited" || limit.value === 0)
      return [];
    const value = tenth((100 * found.open.value) / limit.value);
    if (found.open.value / limit.value <= NOTABLE_PERCENT / 100) return [];
    const most = [...found.types].slice(0, 3);
    const types = most.map(([type, n]) => `${n} ${type}`).join(", ");
    const isNear = value >= NEAR_PERCENT;
    return [
      {
        text: `${found.open.value} of ${limit.value} file descriptors were open (${value} %)${types === "" ? "" : `: ${types}`}.`,
        value,
        unit: "percent",
        sureness: isNear ? "certain" : "hint",
        speaksFor: isNear ? "restart" : "none",
        ...lineOf(limit),
      },
    ];
  },
};
