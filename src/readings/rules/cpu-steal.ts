import { cpuShares, parseSystemStat } from "../../parsers/proc-system-stat.ts";
import { lineStarting, windowOf } from "../host-looks.ts";
import type { Rule } from "../rule.ts";
import { tenth } from "../wording.ts";

const STOLEN_PERCENT = 5;

export const cpuSteal: Rule = {
  id: "cpu-steal",
  question: "Does the hypervisor give this host the CPU time that it asks for?",
  next: "Is the machine below too full, or this instance out of CPU credits? Another host may be the cure.",
  judge: ({ host }) => {
    if (host?.windowMs === undefined) return [];
    const before = parseSystemStat(host.first.get("stat")?.value ?? "").total;
    const after = parseSystemStat(host.last.get("stat")?.value ?? "").total;
    const steal = before && after && cpuShares(before, after)?.steal;
    if (steal === undefined || steal <= STOLEN_PERCENT) return [];
    const value = tenth(steal);
    return [
      {
        text: `The hypervisor gave ${value}% of this host's CPU time to others.`,
        value,
        unit: "percent",
        sureness: "likely",
        speaksFor: "not-restart",
        ...windowOf(host),
        ...lineStarting(host, "stat", "cpu "),
      },
    ];
  },
};
