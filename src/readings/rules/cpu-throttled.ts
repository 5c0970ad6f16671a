import { growthOf, lineStarting, windowOf } from "../host-looks.ts";
import type { Rule } from "../rule.ts";

/** Being held back now and then is what a limit is for; from this share of the periods on it is felt. */
const FELT_SHARE = 0.2;

export const cpuThrottled: Rule = {
  id: "cpu-throttled",
  question: "Does the CPU limit of its cgroup hold it back?",
  next: "Is the limit meant to be so low, or does the process need more CPU than before? A restart changes neither.",
  judge: ({ host }) => {
    if (host === undefined) return [];
    return ["cgroup2-cpu.stat", "cgroup1-cpu.stat"].flatMap((key) => {
      const times = growthOf(host, key, "nr_throttled");
      if (times === undefined || times === 0) return [];
      const periods = growthOf(host, key, "nr_periods");
      const isFelt = periods !== undefined && times >= periods * FELT_SHARE;
      return [
        {
          text: `The CPU limit of its cgroup held it back in ${times}${periods === undefined ? "" : ` of ${periods}`} periods.`,
          value: times,
          unit: "count",
          sureness: isFelt ? "certain" : "hint",
          speaksFor: isFelt ? "not-restart" : "none",
          ...windowOf(host),
          ...lineStarting(host, key, "nr_throttled "),
        },
      ];
    });
  },
};
