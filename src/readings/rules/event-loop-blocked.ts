import { lineOf } from "../fact.ts";
import type { Rule } from "../rule.ts";
import { seconds } from "../wording.ts";

const LONG_MS = 1000;

export const eventLoopBlocked: Rule = {
  id: "event-loop-blocked",
  question: "Does the event loop come around?",
  next: "What keeps the main thread: a loop, a huge input, a synchronous call? The place is in its stacks.",
  judge: ({ runtime }) => {
    const { hasTurned, silentMs, blockedIn } = runtime?.loop?.value ?? {};
    if (runtime?.loop === undefined || silentMs === undefined || silentMs < LONG_MS) return [];
    const place = blockedIn === undefined ? "" : `; it is in ${blockedIn}`;
    const text = hasTurned
      ? `The event loop has not come around for the last ${seconds(silentMs)} of ${seconds(runtime.windowMs)}${place}.`
      : `The event loop did not come around once in ${seconds(runtime.windowMs)}${place}.`;
    return [
      {
        text,
        value: Math.round(silentMs),
        unit: "ms",
        windowMs: Math.round(runtime.windowMs),
        method: runtime.method,
        sureness: "certain",
        speaksFor: "restart",
        ...lineOf(runtime.loop),
      },
    ];
  },
};
