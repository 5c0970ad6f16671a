import { parseLoadavg } from "../../parsers/loadavg.ts";
import { parseSystemStat } from "../../parsers/proc-system-stat.ts";
import { lineStarting } from "../host-looks.ts";
import type { Rule } from "../rule.ts";
import { count } from "../wording.ts";

const LOAD_PER_CPU = 4;

export const load: Rule = {
  id: "load",
  question: "Is there more work on this host than it has CPUs?",
  next: "Which processes run or wait for a disk? The load counts both, and those of the target.",
  judge: ({ host }) => {
    const load1 = parseLoadavg(host?.last.get("loadavg")?.value ?? "")?.load1;
    const { cpus } = parseSystemStat(host?.last.get("stat")?.value ?? "");
    if (host === undefined || load1 === undefined || cpus === undefined || load1 <= cpus * LOAD_PER_CPU)
      return [];
    return [
      {
        text: `The load average of this host in the last minute is ${load1} on ${count(cpus, "CPU")}.`,
        value: load1,
        unit: "count",
        windowMs: 60_000,
        sureness: "hint",
        speaksFor: "not-restart",
        ...lineStarting(host, "loadavg", ""),
      },
    ];
  },
};
