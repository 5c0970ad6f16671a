import { lineOf } from "../fact.ts";
import type { Rule } from "../rule.ts";
import { seconds, tenth } from "../wording.ts";

/** Faster ones are nobody's incident. */
const SLOW_MS = 250;

export const slowestRoute: Rule = {
  id: "slowest-route",
  question: "Which requests take the time?",
  next: "Does this route wait for somebody else, or compute? Compare its latency with a healthy instance.",
  judge: ({ runtime }) => {
    const found = runtime?.requests;
    const slowest = found?.value.slowest;
    if (runtime === undefined || found === undefined || slowest === undefined) return [];
    const value = tenth(slowest.meanMs);
    if (value < SLOW_MS) return [];
    const most = `${slowest.count} of them, ${value} ms on average, ${tenth(slowest.maxMs)} ms at most`;
    return [
      {
        text: `${found.value.count} requests were answered in ${seconds(runtime.windowMs)}; most time went into ${slowest.name}: ${most}.`,
        value,
        unit: "ms",
        windowMs: Math.round(runtime.windowMs),
        method: runtime.method,
        sureness: "hint",
        speaksFor: "none",
        ...lineOf(found),
      },
    ];
  },
};
