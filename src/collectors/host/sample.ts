// The numbers of one look at the host, as samples.jsonl and summary.json tell them. What could not be read is absent.
import { parseMemoryLimit } from "../../parsers/cgroup.ts";
import { parseDiskstats } from "../../parsers/diskstats.ts";
import { parseKeyValues } from "../../parsers/key-values.ts";
import { parseLoadavg } from "../../parsers/loadavg.ts";
import { parseMeminfo } from "../../parsers/meminfo.ts";
import { parsePressure } from "../../parsers/proc-pressure.ts";
import { cpuShares, parseSystemStat } from "../../parsers/proc-system-stat.ts";
import type { HostState } from "./state.ts";

const MEMORY = [
  "MemTotal",
  "MemFree",
  "MemAvailable",
  "Cached",
  "Dirty",
  "Writeback",
  "SwapTotal",
  "SwapFree",
];
const PAGING = [
  "pgfault",
  "pgmajfault",
  "pswpin",
  "pswpout",
  "allocstall_normal",
  "allocstall_movable",
  "oom_kill",
];

/** Counters are since boot, sizes in bytes, times in the unit that the key names, CPU times in clock ticks. */
export function sampleOf({ tick, texts }: HostState): Record<string, unknown> {
  const pressures = ["cpu", "memory", "io"].flatMap((resource) => {
    const text = texts.get(`pressure-${resource}`);
    return text === undefined ? [] : [[resource, parsePressure(text)]];
  });
  return {
    at: tick.at,
    monotonicMs: tick.monotonicMs,
    ...withText(texts, "loadavg", (text) => ({ load: parseLoadavg(text) })),
    ...withText(texts, "stat", (text) => ({ cpu: parseSystemStat(text) })),
    ...withText(texts, "meminfo", (text) => ({ memoryBytes: pick(parseMeminfo(text), MEMORY) })),
    ...withText(texts, "vmstat", (text) => ({ paging: pick(parseKeyValues(text), PAGING) })),
    ...withText(texts, "diskstats", (text) => ({ disks: Object.fromEntries(parseDiskstats(text)) })),
    ...(pressures.length === 0 ? {} : { pressure: Object.fromEntries(pressures) }),
    ...cgroupOf(texts),
  };
}

/** The cgroup's own numbers, under the names of their files, version 1 and 2 alike; `memory.pressure` as `pressure`. */
function cgroupOf(texts: HostState["texts"]): Record<string, unknown> {
  const entries = [...texts].flatMap(([key, text]): [string, unknown][] => {
    if (!key.startsWith("cgroup")) return [];
    if (key.endsWith(".pressure")) return [[key, parsePressure(text)]];
    if (/^\d{1,15}\s*$/.test(text)) return [[key, Number(text)]];
    const values = parseKeyValues(text);
    return [[key, values.size === 0 ? text.trim() : Object.fromEntries(values)]];
  });
  return entries.length === 0 ? {} : { cgroup: Object.fromEntries(entries) };
}

/** What summary.json says of the whole window. */
export function summaryOf(first: HostState, last: HostState): Record<string, unknown> {
  const before = parseSystemStat(first.texts.get("stat") ?? "");
  const after = parseSystemStat(last.texts.get("stat") ?? "");
  const shares = before.total && after.total && cpuShares(before.total, after.total);
  const memory = parseMeminfo(last.texts.get("meminfo") ?? "");
  return {
    windowMs: Math.round(last.tick.monotonicMs - first.tick.monotonicMs),
    cpus: after.cpus,
    cpuSharePercent: shares,
    memoryTotalBytes: memory.get("MemTotal"),
    memoryAvailableBytes: memory.get("MemAvailable"),
    load: parseLoadavg(last.texts.get("loadavg") ?? ""),
    cgroupMemoryBytes: cgroupMemory(last)?.usedBytes,
    cgroupMemoryLimitBytes: cgroupMemory(last)?.limitBytes,
  };
}

/** How much the cgroup may hold, how much it does (page cache included), and the source that tells. */
export function cgroupMemory({ texts }: HostState) {
  const places = [
    { used: "cgroup2-memory.current", limit: "cgroup2-memory.max" },
    { used: "cgroup1-memory.usage_in_bytes", limit: "cgroup1-memory.limit_in_bytes" },
  ];
  return places
    .map(({ used, limit }) => {
      const usedBytes = /^\d{1,15}\s*$/.test(texts.get(used) ?? "") ? Number(texts.get(used)) : undefined;
      const limitBytes = parseMemoryLimit(texts.get(limit) ?? "");
      return { usedBytes, limitBytes, key: used };
    })
    .find(({ usedBytes }) => usedBytes !== undefined);
}

function pick(values: ReadonlyMap<string, number>, keys: readonly string[]): Record<string, number> {
  return Object.fromEntries([...values].filter(([key]) => keys.includes(key)));
}

function withText(
  texts: HostState["texts"],
  key: string,
  parse: (text: string) => Record<string, unknown>,
): Record<string, unknown> {
  const text = texts.get(key);
  return text === undefined ? {} : parse(text);
}
