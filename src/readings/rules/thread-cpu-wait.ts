import { threadRow } from "../../parsers/thread-table.ts";
import { mediansOf } from "../../parsers/thread-usage.ts";
import type { Rule } from "../rule.ts";
import { nameThread } from "../threads.ts";
import { count } from "../wording.ts";

export const threadCpuWait: Rule = {
  id: "thread-cpu-wait",
  question: "Do its threads wait for a CPU?",
  next: "What else runs on this host, and at what priority? Is its cgroup limited?",
  judge: ({ threads, target }) => {
    const [top] = mediansOf(threads?.usages ?? [], "latPercent");
    if (threads === undefined || top === undefined || top.percent < threads.waitPercent) return [];
    const thread = nameThread(top.usage, threads.mainThread ?? target?.pid);
    return [
      {
        text: `${thread} was ready to run, but waited for a CPU for ${top.percent}% of the time (median of ${count(top.intervals, "interval")}).`,
        value: top.percent,
        unit: "percent",
        windowMs: threads.windowMs,
        sureness: "certain",
        speaksFor: "not-restart",
        line: top.usage.line ?? threadRow(top.usage),
        file: threads.usageFile,
      },
    ];
  },
};
