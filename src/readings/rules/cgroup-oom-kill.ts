import { parseKeyValues } from "../../parsers/key-values.ts";
import { lineStarting } from "../host-looks.ts";
import type { Rule } from "../rule.ts";
import { count } from "../wording.ts";

export const cgroupOomKill: Rule = {
  id: "cgroup-oom-kill",
  question: "Has the kernel killed processes of its cgroup for want of memory?",
  next: "Which process was killed (dmesg), and was it this service's own? Is the limit too low, or does it leak?",
  judge: ({ host }) => {
    if (host === undefined) return [];
    return ["cgroup2-memory.events", "cgroup1-memory.oom_control"].flatMap((key) => {
      const killed = parseKeyValues(host.last.get(key)?.value ?? "").get("oom_kill");
      if (killed === undefined || killed === 0) return [];
      return [
        {
          text: `The kernel has killed ${count(killed, "process", "processes")} of its cgroup for want of memory.`,
          value: killed,
          unit: "count",
          sureness: "certain",
          speaksFor: "none",
          ...lineStarting(host, key, "oom_kill "),
        },
      ];
    });
  },
};
