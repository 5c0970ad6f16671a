import { lineOf } from "../fact.ts";
import type { Rule } from "../rule.ts";
import { count, seconds } from "../wording.ts";

const MOST_NAMED = 8;

export const notLookedInto: Rule = {
  id: "not-looked-into",
  question: "What of it do the numbers of the runtime leave out?",
  next: "Does its work happen there? Then what is told of the main thread says little: capture these processes, too.",
  judge: ({ runtime }) => {
    const found = runtime?.unobserved;
    if (runtime === undefined || found === undefined) return [];
    const { workers, children } = found.value;
    const named = children.slice(0, MOST_NAMED).join(", ");
    const more = children.length > MOST_NAMED ? ` and ${children.length - MOST_NAMED} more` : "";
    const parts = [
      ...(workers > 0 ? [count(workers, "worker thread")] : []),
      ...(children.length > 0
        ? [
            `${count(children.length, "Node process", "Node processes")} that it started (pid ${named}${more})`,
          ]
        : []),
    ];
    if (parts.length === 0) return [];
    return [
      {
        text: `Not in its requests, garbage collection and event loop of ${seconds(runtime.windowMs)}: ${parts.join(" and ")}.`,
        value: workers + children.length,
        unit: "count",
        windowMs: Math.round(runtime.windowMs),
        method: runtime.method,
        sureness: "certain",
        speaksFor: "none",
        ...lineOf(found),
      },
    ];
  },
};
