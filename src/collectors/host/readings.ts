// What is worth a sentence in two looks at a host: only what is out of the ordinary.
import prettyBytes from "pretty-bytes";
import { parseKeyValues } from "../../parsers/key-values.ts";
import { parseLoadavg } from "../../parsers/loadavg.ts";
import { parsePressure } from "../../parsers/proc-pressure.ts";
import { cpuShares, parseSystemStat } from "../../parsers/proc-system-stat.ts";
import type { Reading } from "../collector.ts";
import { cgroupMemory } from "./sample.ts";
import type { HostState } from "./state.ts";

const MEMORY_NEAR_LIMIT_PERCENT = 90;
/** Of the target's own cgroup, and of the host, where most hosts have some of it. */
const STALLED_PERCENT = { cgroup: 10, host: 20 };
const STOLEN_PERCENT = 5;
const LOAD_PER_CPU = 4;

type Rule = (first: HostState, last: HostState) => readonly Reading[];

const RULES: readonly Rule[] = [
  throttled,
  nearMemoryLimit,
  groupOomKills,
  hostOomKills,
  stalled,
  overloaded,
  stolen,
];

/** Readings of a window; `first` and `last` may be the same look, which then tells of no change. */
export function readHostState(first: HostState, last: HostState): readonly Reading[] {
  return RULES.flatMap((rule) => rule(first, last));
}

function throttled(first: HostState, last: HostState): readonly Reading[] {
  return ["cgroup2-cpu.stat", "cgroup1-cpu.stat"].flatMap((key) => {
    const count = growth(key, "nr_throttled")(first, last);
    if (count === undefined || count === 0) return [];
    const periods = growth(key, "nr_periods")(first, last);
    const of = periods === undefined ? "" : ` of ${periods}`;
    const text = `The CPU limit of its cgroup held it back in ${count}${of} periods.`;
    const windowMs = windowOf(first, last);
    return [
      {
        id: "cpu-throttled",
        text,
        value: count,
        unit: "count",
        windowMs,
        ...rawLine(last, key, "nr_throttled "),
      },
    ];
  });
}

function nearMemoryLimit(_first: HostState, last: HostState): readonly Reading[] {
  const memory = cgroupMemory(last);
  if (memory?.usedBytes === undefined || memory.limitBytes === undefined || memory.limitBytes === 0)
    return [];
  const value = rounded((100 * memory.usedBytes) / memory.limitBytes);
  if (value <= MEMORY_NEAR_LIMIT_PERCENT) return [];
  const limit = prettyBytes(memory.limitBytes, { binary: true });
  const text = `Its cgroup holds ${value}% of the ${limit} of memory it may have, page cache included.`;
  return [{ id: "cgroup-memory", text, value, unit: "percent", ...rawLine(last, memory.key, "") }];
}

function groupOomKills(_first: HostState, last: HostState): readonly Reading[] {
  return ["cgroup2-memory.events", "cgroup1-memory.oom_control"].flatMap((key) => {
    const count = parseKeyValues(last.texts.get(key) ?? "").get("oom_kill");
    if (count === undefined || count === 0) return [];
    const text = `The kernel has killed ${plural(count, "process", "processes")} of its cgroup for want of memory.`;
    return [{ id: "cgroup-oom-kill", text, value: count, unit: "count", ...rawLine(last, key, "oom_kill ") }];
  });
}

function hostOomKills(first: HostState, last: HostState): readonly Reading[] {
  const count = growth("vmstat", "oom_kill")(first, last);
  if (count === undefined || count === 0) return [];
  const text = `The kernel killed ${plural(count, "process", "processes")} of this host for want of memory in the window.`;
  const windowMs = windowOf(first, last);
  return [
    {
      id: "host-oom-kill",
      text,
      value: count,
      unit: "count",
      windowMs,
      ...rawLine(last, "vmstat", "oom_kill "),
    },
  ];
}

function stalled(_first: HostState, last: HostState): readonly Reading[] {
  const places = [
    { key: "pressure-cpu", on: "the CPU", of: "host" },
    { key: "pressure-memory", on: "memory", of: "host" },
    { key: "pressure-io", on: "disks", of: "host" },
    { key: "cgroup2-memory.pressure", on: "memory", of: "cgroup" },
  ] as const;
  return places.flatMap(({ key, on, of }) => {
    const value = parsePressure(last.texts.get(key) ?? "").some?.avg10;
    if (value === undefined || value <= STALLED_PERCENT[of]) return [];
    const who = of === "host" ? "On this host some task, of the target or not," : "Some task in its cgroup";
    const text = `${who} waited for ${on} during ${value}% of the last 10 s.`;
    const id = of === "cgroup" ? "cgroup-memory-pressure" : key;
    return [
      { id, text, value, unit: "percent", windowMs: 10_000, method: "psi", ...rawLine(last, key, "some ") },
    ];
  });
}

function overloaded(_first: HostState, last: HostState): readonly Reading[] {
  const load = parseLoadavg(last.texts.get("loadavg") ?? "")?.load1;
  const { cpus } = parseSystemStat(last.texts.get("stat") ?? "");
  if (load === undefined || cpus === undefined || load <= cpus * LOAD_PER_CPU) return [];
  const text = `The load average of this host in the last minute is ${load} on ${plural(cpus, "CPU", "CPUs")}.`;
  return [
    { id: "load", text, value: load, unit: "count", windowMs: 60_000, ...rawLine(last, "loadavg", "") },
  ];
}

function stolen(first: HostState, last: HostState): readonly Reading[] {
  const before = parseSystemStat(first.texts.get("stat") ?? "").total;
  const after = parseSystemStat(last.texts.get("stat") ?? "").total;
  const steal = before && after && cpuShares(before, after)?.steal;
  if (steal === undefined || steal <= STOLEN_PERCENT) return [];
  const value = rounded(steal);
  const text = `The hypervisor gave ${value}% of this host's CPU time to others.`;
  const windowMs = windowOf(first, last);
  return [{ id: "cpu-steal", text, value, unit: "percent", windowMs, ...rawLine(last, "stat", "cpu ") }];
}

/** By how much a counter grew; undefined when either look does not have it, or it was reset. */
function growth(source: string, key: string) {
  return (first: HostState, last: HostState): number | undefined => {
    const before = parseKeyValues(first.texts.get(source) ?? "").get(key);
    const after = parseKeyValues(last.texts.get(source) ?? "").get(key);
    return before === undefined || after === undefined || after < before ? undefined : after - before;
  };
}

function rawLine({ name, texts }: HostState, key: string, start: string) {
  const line = texts
    .get(key)
    ?.split("\n")
    .find((candidate) => candidate.startsWith(start));
  return { file: `${name}-${key}.txt`, ...(line === undefined ? {} : { line }) };
}

function windowOf(first: HostState, last: HostState): number {
  return Math.round(last.tick.monotonicMs - first.tick.monotonicMs);
}

function rounded(percent: number): number {
  return Math.round(percent * 10) / 10;
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
