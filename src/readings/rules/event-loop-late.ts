import { lineOf } from "../fact.ts";
import type { Rule } from "../rule.ts";
import { tenth } from "../wording.ts";

/** A loop that comes around later than this is felt by every request. */
const LATE_MS = 100;

export const eventLoopLate: Rule = {
  id: "event-loop-late",
  question: "How late does the event loop come around?",
  next: "Which synchronous work takes so long? A CPU profile of the main thread says.",
  judge: ({ runtime }) => {
    const { delay, utilization } = runtime?.loop?.value ?? {};
    if (runtime?.loop === undefined || delay === undefined || delay.p99Ms < LATE_MS) return [];
    const value = tenth(delay.p99Ms);
    const busy = utilization === undefined ? "" : `, busy ${Math.round(utilization * 100)}% of the time`;
    return [
      {
        text: `The event loop was up to ${tenth(delay.maxMs)} ms late (p99 ${value} ms)${busy}.`,
        value,
        unit: "ms",
        windowMs: Math.round(runtime.windowMs),
        method: runtime.method,
        sureness: "likely",
        speaksFor: "none",
        ...lineOf(runtime.loop),
      },
    ];
  },
};
