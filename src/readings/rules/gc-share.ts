import type { Incremental } from "../evidence/runtime-evidence.ts";
import { lineOf } from "../fact.ts";
import type { Rule } from "../rule.ts";
import { seconds, tenth } from "../wording.ts";

/** Below this it is the price of the language. */
const NOTABLE_PERCENT = 10;
/** From here on the process does hardly anything else in the long run: what lives has filled the heap. */
const BOUND_PERCENT = 25;

export const gcShare: Rule = {
  id: "gc-share",
  question: "How much of the time goes into garbage collection?",
  next: "How full is the heap after a collection, and since when? A restart empties it; what filled it is in the core.",
  judge: ({ runtime }) => {
    const found = runtime?.collections;
    if (runtime === undefined || found === undefined) return [];
    const { count, longestMs, oldPercent, isLeast } = found.value;
    const value = tenth(found.value.sharePercent);
    if (value < NOTABLE_PERCENT) return [];
    const longest = count === 0 || longestMs === undefined ? "" : `, the longest ${tenth(longestMs)} ms`;
    const pauses = count === undefined ? "" : `: ${count} pauses of the main thread${longest}`;
    const old = oldPercent === undefined ? "" : `; the old generation is ${Math.round(oldPercent)}% full`;
    const marking = markingOf(found.value.incremental);
    const isBound = value >= BOUND_PERCENT;
    return [
      {
        text: `Garbage collection took ${isLeast ? "at least " : ""}${value}% of ${seconds(runtime.windowMs)}${pauses}${marking}${old}.`,
        value,
        unit: "percent",
        windowMs: Math.round(runtime.windowMs),
        method: runtime.method,
        sureness: isBound ? "likely" : "hint",
        speaksFor: isBound ? "restart" : "none",
        ...lineOf(found),
      },
    ];
  },
};

function markingOf(incremental: Incremental | undefined): string {
  if (incremental === undefined) return "";
  const { ms, unknownOf } = incremental;
  const known = tenth(ms) > 0 ? `, and ${tenth(ms)} ms of incremental marking` : "";
  const which = unknownOf === 1 ? "one major collection" : `${unknownOf} major collections`;
  return unknownOf > 0 ? `${known}; the incremental marking of ${which} is not in it` : known;
}
