import { commonTop, isIdleWait } from "../../parsers/stack.ts";
import { printable } from "../../printable.ts";
import type { Rule } from "../rule.ts";

/** One sample shows where a thread is, only more show whether it stays there. */
const SAMPLES = 3;
const TOP_FRAMES = 3;

export const mainThreadStack: Rule = {
  id: "main-thread-stack",
  question: "Does the main thread stay in one place?",
  next: "Is that where it should be? Compare with the stack of a healthy instance.",
  judge: ({ stacks, target }) => {
    const samples = stacks?.samples ?? [];
    if (stacks === undefined || samples.length < SAMPLES) return [];
    // On illumos threads are numbered from 1.
    const tid = stacks.method === "pstack" ? 1 : (target?.pid ?? samples[0]?.threads()[0]?.tid ?? 0);
    const top = commonTop(
      samples.map(({ stackOf }) => [stackOf(tid)].filter((stack) => stack !== undefined)),
      { tid, count: TOP_FRAMES },
    );
    const [innermost] = top ?? [];
    if (top === undefined || innermost === undefined || isIdleWait(top)) return [];
    const path = top.map(({ symbol, address }) => printable(symbol ?? address, 60)).join(", called by ");
    return [
      {
        text: `In all ${samples.length} samples the main thread was in ${path}.`,
        value: samples.length,
        unit: "count",
        method: stacks.method,
        sureness: "hint",
        speaksFor: "none",
        line: innermost.line,
        file: samples[0]?.file ?? "",
      },
    ];
  },
};
