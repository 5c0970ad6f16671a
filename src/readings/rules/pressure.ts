import { parsePressure } from "../../parsers/proc-pressure.ts";
import { lineStarting } from "../host-looks.ts";
import type { Rule } from "../rule.ts";

/** Of the target's own cgroup, and of the host, where most hosts have some of it. */
const STALLED_PERCENT = { cgroup: 10, host: 20 };

const PLACES = [
  { key: "pressure-cpu", on: "the CPU", of: "host" },
  { key: "pressure-memory", on: "memory", of: "host" },
  { key: "pressure-io", on: "disks", of: "host" },
  { key: "cgroup2-memory.pressure", on: "memory", of: "cgroup" },
] as const;

/** Pressure stall information: the kernel's own word on who waits for what. */
export const pressure: Rule = {
  id: "pressure",
  question: "Do tasks wait for CPU, memory or disks?",
  next: "What else runs here and uses it? A restart adds to the load of a host that is short of it.",
  judge: ({ host }) => {
    if (host === undefined) return [];
    return PLACES.flatMap(({ key, on, of }) => {
      const value = parsePressure(host.last.get(key)?.value ?? "").some?.avg10;
      if (value === undefined || value <= STALLED_PERCENT[of]) return [];
      const who = of === "host" ? "On this host some task, of the target or not," : "Some task in its cgroup";
      return [
        {
          id: of === "cgroup" ? "cgroup-memory-pressure" : key,
          text: `${who} waited for ${on} during ${value}% of the last 10 s.`,
          value,
          unit: "percent",
          windowMs: 10_000,
          method: "psi",
          sureness: "hint",
          speaksFor: of === "host" ? "not-restart" : "none",
          ...lineStarting(host, key, "some "),
        },
      ];
    });
  },
};
