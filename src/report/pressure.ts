// Whether the host itself is short of something: stalls as the kernel counts them, load, memory, disks.
import { formatBytes } from "../incident/wording.ts";
import { parseMeminfo } from "../parsers/meminfo.ts";
import { parsePressure } from "../parsers/proc-pressure.ts";
import type { Evidence } from "../readings/evidence.ts";
import type { HostEvidence } from "../readings/evidence/host.ts";
import { growthOf } from "../readings/host-looks.ts";
import { barTable, round, type BarRow, type Colour } from "./bars.ts";
import { html, type Markup } from "./markup.ts";

const STALLS = [
  ["pressure-cpu", "waits for CPU", undefined],
  ["pressure-memory", "waits for memory", undefined],
  ["pressure-io", "waits for disks", undefined],
  ["cgroup2-memory.pressure", "waits for memory", "its cgroup"],
] as const;
const FELT_PERCENT = 20;
const FULL_SHARE = 0.95;
const MOST_DISKS = 4;

function stallRows({ last }: HostEvidence): readonly BarRow[] {
  return STALLS.flatMap(([key, label, note]): readonly BarRow[] => {
    const { some, full } = parsePressure(last.get(key)?.value ?? "");
    if (some === undefined) return [];
    const colour: Colour = some.avg10 >= FELT_PERCENT ? "red" : "blue";
    const all = full === undefined ? "" : `, all ${full.avg10}%`;
    return [
      {
        label,
        note,
        full: 100,
        value: `${some.avg10}%${all}`,
        segments: [{ name: `some task waited ${some.avg10}% of 10 s`, amount: some.avg10, colour }],
      },
    ];
  });
}

function memoryRow({ last }: HostEvidence): readonly BarRow[] {
  const meminfo = parseMeminfo(last.get("meminfo")?.value ?? "");
  const [total, available] = [meminfo.get("MemTotal"), meminfo.get("MemAvailable")];
  if (!total || available === undefined) return [];
  const used = Math.max(0, total - available);
  const value = `${formatBytes(available)} of ${formatBytes(total)} free`;
  const colour: Colour = used / total >= FULL_SHARE ? "red" : "blue";
  return [
    {
      label: "memory",
      note: "in use",
      full: total,
      value,
      segments: [{ name: value, amount: used, colour }],
    },
  ];
}

function diskRows({ descriptors }: Evidence, mask: (text: string) => string): readonly BarRow[] {
  const seen = new Set<string>();
  return (descriptors?.filesystems ?? [])
    .filter(({ value }) => {
      const key = `${value.type} ${value.sizeBytes} ${value.freeBytes}`;
      const isNew = value.sizeBytes > 0 && !seen.has(key);
      seen.add(key);
      return isNew;
    })
    .slice(0, MOST_DISKS)
    .map(({ value: { what, type, sizeBytes, freeBytes } }) => {
      const used = Math.max(0, sizeBytes - freeBytes);
      const value = `${formatBytes(freeBytes)} of ${formatBytes(sizeBytes)} free`;
      const colour: Colour = used / sizeBytes >= FULL_SHARE ? "red" : "blue";
      return {
        label: mask(what),
        note: type,
        full: sizeBytes,
        value,
        segments: [{ name: value, amount: used, colour }],
      };
    });
}

function loadText({ last }: HostEvidence, cpus: number): string | undefined {
  const [one, five] = (last.get("loadavg")?.value ?? "").split(" ").map(Number);
  if (one === undefined || five === undefined || !Number.isFinite(one + five)) return undefined;
  return `Load ${round(one)} (1 min), ${round(five)} (5 min) on ${cpus} CPUs.`;
}

function throttleText(host: HostEvidence): string | undefined {
  for (const key of ["cgroup2-cpu.stat", "cgroup1-cpu.stat"]) {
    const times = growthOf(host, key, "nr_throttled");
    if (times) return `The CPU limit of its cgroup held it back ${times} times.`;
  }
  return undefined;
}

/** Undefined when nothing is known of the host. */
export function pressureCard(
  evidence: Evidence,
  { cpus, mask }: { readonly cpus: number; readonly mask: (text: string) => string },
): Markup | undefined {
  const { host } = evidence;
  const rows = [
    ...(host === undefined ? [] : [...stallRows(host), ...memoryRow(host)]),
    ...diskRows(evidence, mask),
  ];
  if (rows.length === 0) return undefined;
  const notes = (host === undefined ? [] : [loadText(host, cpus), throttleText(host)]).filter(
    (note) => note !== undefined,
  );
  return html`<div class="card">
    <h2>Host <small>shares of the last 10 s in which a task waited; what is in use</small></h2>
    ${barTable("pressure on the host", rows)}
    ${notes.length === 0 ? undefined : html`<p class="muted">${notes.join(" ")}</p>`}
  </div>`;
}
