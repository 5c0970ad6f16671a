import type { ThreadLook } from "../evidence/threads.ts";
import type { Rule } from "../rule.ts";
import { count } from "../wording.ts";

/** A thread that works with a disk is seen so now and then. */
const OFTEN = 0.5;

/** They wait for a disk, a network file system, or a lock in the kernel. */
export const threadsUninterruptible: Rule = {
  id: "threads-uninterruptible",
  question: "Are threads stuck in the kernel, where no signal reaches them?",
  next: "Which disk or server do they wait for (the kernel's stacks say)? They cannot be killed before it answers.",
  judge: ({ threads }) => {
    const stuck = new Map<number, { readonly times: number; readonly last: ThreadLook }>();
    for (const look of threads?.looks ?? [])
      if (look.state === "D")
        stuck.set(look.tid, { times: (stuck.get(look.tid)?.times ?? 0) + 1, last: look });
    const [worst] = [...stuck.values()].toSorted((a, b) => b.times - a.times);
    if (threads === undefined || worst === undefined) return [];
    const { last, times } = worst;
    const isOften = times >= 2 && times >= threads.times * OFTEN;
    const where = last.wchan === undefined ? "" : `, last in ${last.wchan}`;
    const who = stuck.size === 1 ? "1 thread was" : `${stuck.size} threads were`;
    return [
      {
        text: `${who} seen in uninterruptible sleep (D): thread ${last.tid} (${last.name}) in ${times} of ${count(threads.times, "look")}${where}.`,
        value: stuck.size,
        unit: "count",
        sureness: isOften ? "certain" : "hint",
        speaksFor: isOften ? "not-restart" : "none",
        line: last.line,
        file: threads.looksFile,
      },
    ];
  },
};
