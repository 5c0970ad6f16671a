import { growthOf, lineStarting, windowOf } from "../host-looks.ts";
import type { Rule } from "../rule.ts";
import { count } from "../wording.ts";

export const hostOomKill: Rule = {
  id: "host-oom-kill",
  question: "Does the kernel kill processes of this host for want of memory?",
  next: "What uses the memory of this host? After a restart the process may be the next one.",
  judge: ({ host }) => {
    const killed = host === undefined ? undefined : growthOf(host, "vmstat", "oom_kill");
    if (host === undefined || killed === undefined || killed === 0) return [];
    return [
      {
        text: `The kernel killed ${count(killed, "process", "processes")} of this host for want of memory in the window.`,
        value: killed,
        unit: "count",
        sureness: "certain",
        speaksFor: "not-restart",
        ...windowOf(host),
        ...lineStarting(host, "vmstat", "oom_kill "),
      },
    ];
  },
};
