import { lineOf } from "../fact.ts";
import { growthOf, reachesAfterMs, type Growth } from "../growth.ts";
import type { Rule } from "../rule.ts";
import { about, seconds, tenth } from "../wording.ts";

/** Beyond this share of the limit it is worth a sentence; beyond the other, no reserve is left. */
const NOTABLE_SHARE = 0.5;
const NEAR_SHARE = 0.9;
/** A number that grows is worth one when the limit is reached within this time, and it is not only some. */
const SOON_MS = 3_600_000;
const LEAST_CHANGE = 10;

export const descriptors: Rule = {
  id: "descriptors",
  question: "How near is it to its limit of open files?",
  next: "What are they: sockets to one peer, or the same file again and again? A restart gives them back; the leak stays.",
  judge: ({ descriptors: found, usage }) => {
    const limit = found?.limit;
    if (found === undefined || limit === undefined || limit.value === "unlimited" || limit.value === 0)
      return [];
    const open = found.open.value;
    const growth = soon(growthOf(usage, "descriptors"), limit.value);
    if (open / limit.value <= NOTABLE_SHARE && growth === undefined) return [];
    const value = tenth((100 * open) / limit.value);
    const most = [...found.types].slice(0, 3);
    const types = most.map(([type, n]) => `${n} ${type}`).join(", ");
    const isNear = open / limit.value >= NEAR_SHARE;
    const grows =
      growth === undefined
        ? ""
        : `; ${growth.change} more in ${seconds(growth.windowMs)}, at that rate the limit is reached in about ${about(reachesAfterMs(growth, limit.value))}`;
    return [
      {
        text: `${open} of ${limit.value} file descriptors were open (${value} %)${types === "" ? "" : `: ${types}`}${grows}.`,
        value,
        unit: "percent",
        sureness: isNear ? "certain" : growth === undefined ? "hint" : "likely",
        speaksFor: isNear || growth !== undefined ? "restart" : "none",
        ...(growth === undefined ? {} : { windowMs: growth.windowMs }),
        ...lineOf(limit),
      },
    ];
  },
};

function soon(growth: Growth | undefined, limit: number): Growth | undefined {
  if (growth === undefined || growth.change < LEAST_CHANGE) return undefined;
  return reachesAfterMs(growth, limit) <= SOON_MS ? growth : undefined;
}
