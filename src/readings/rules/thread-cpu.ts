import { threadRow } from "../../parsers/thread-table.ts";
import { mediansOf } from "../../parsers/thread-usage.ts";
import type { Rule } from "../rule.ts";
import { nameThread } from "../threads.ts";
import { count } from "../wording.ts";

/** A thread that is on a CPU for less of the time is nothing to tell of. */
const BUSY_PERCENT = 50;

export const threadCpu: Rule = {
  id: "thread-cpu",
  question: "Which thread is on a CPU most?",
  next: "What does it compute? Its stack says, if one was taken. One thread at 100% does all the work that it can.",
  judge: ({ threads, target }) => {
    const [top] = mediansOf(threads?.usages ?? [], "cpuPercent");
    if (threads === undefined || top === undefined || top.percent < BUSY_PERCENT) return [];
    const thread = nameThread(top.usage, threads.mainThread ?? target?.pid);
    return [
      {
        text: `${thread} is the busiest: on a CPU for ${top.percent}% of the time (median of ${count(top.intervals, "interval")}).`,
        value: top.percent,
        unit: "percent",
        windowMs: threads.windowMs,
        sureness: "certain",
        speaksFor: "none",
        line: top.usage.line ?? threadRow(top.usage),
        file: threads.usageFile,
      },
    ];
  },
};
