import { lineOf } from "../fact.ts";
import type { Rule } from "../rule.ts";
import { seconds } from "../wording.ts";

/** The time a request waits before somebody would call it stuck. */
const OLD_MS = 1000;

export const requestsInFlight: Rule = {
  id: "requests-in-flight",
  question: "Which requests wait for an answer?",
  next: "What do they wait for: a dependency, a lock, or the event loop? Long polls and streams wait by design.",
  judge: ({ runtime }) => {
    const found = runtime?.inFlight;
    if (runtime === undefined || found === undefined) return [];
    const { count, olderThanWindow, oldest } = found.value;
    const isOld = oldest !== undefined && oldest.ageMs >= OLD_MS;
    if (!isOld && olderThanWindow === 0) return [];
    const parts = [
      ...(isOld ? [`the oldest of the window for ${seconds(oldest.ageMs)} (${oldest.name})`] : []),
      ...(olderThanWindow > 0 ? [`${olderThanWindow} since before it`] : []),
    ];
    const value = count + olderThanWindow;
    return [
      {
        text: `${value} requests wait for an answer: ${parts.join(", ")}.`,
        value,
        unit: "count",
        windowMs: Math.round(runtime.windowMs),
        method: runtime.method,
        sureness: "hint",
        speaksFor: "none",
        ...lineOf(found),
      },
    ];
  },
};
