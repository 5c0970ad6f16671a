// What memory the process holds, of what it may.
import { cgroupMemory } from "../readings/host-looks.ts";
import type { Evidence } from "../readings/evidence.ts";
import { formatBytes } from "../incident/wording.ts";
import { barTable, type BarRow, type Colour } from "./bars.ts";
import { html, type Markup } from "./markup.ts";

/** From here on the bar is red. */
const NEAR_SHARE = 0.85;

export interface Measure {
  readonly label: string;
  readonly note?: string;
  readonly bytes: number;
  readonly limitBytes: number;
}

/** What is known of both the amount and its limit. */
export function memoryMeasures({ process, runtime, host }: Evidence, hostBytes: number): readonly Measure[] {
  const group = host === undefined ? undefined : cgroupMemory(host)?.value;
  const limit = group !== undefined && group.limitBytes < hostBytes ? group.limitBytes : hostBytes;
  const of = limit === hostBytes ? "of the host's" : "of its cgroup's";
  const heap = runtime?.heap?.value;
  const [resident, swap] = [process?.residentBytes?.value, process?.swapBytes?.value];
  const anonymous = process?.status?.anonymousBytes;
  const measures: readonly (Measure | undefined)[] = [
    resident === undefined ? undefined : { label: "RSS", note: of, bytes: resident, limitBytes: limit },
    anonymous === undefined
      ? undefined
      : { label: "its own of it", note: "anonymous", bytes: anonymous, limitBytes: limit },
    heap && { label: "heap", note: "of its limit", bytes: heap.usedBytes, limitBytes: heap.limitBytes },
    group && {
      label: "cgroup",
      note: "with page cache",
      bytes: group.usedBytes,
      limitBytes: group.limitBytes,
    },
    swap === undefined || swap === 0
      ? undefined
      : { label: "swapped out", note: of, bytes: swap, limitBytes: limit },
  ];
  return measures.filter((measure) => measure !== undefined).filter(({ limitBytes }) => limitBytes > 0);
}

function row({ label, note, bytes, limitBytes }: Measure): BarRow {
  const colour: Colour = bytes / limitBytes >= NEAR_SHARE ? "red" : "blue";
  const value = `${formatBytes(bytes)} of ${formatBytes(limitBytes)}`;
  return { label, note, full: limitBytes, value, segments: [{ name: value, amount: bytes, colour }] };
}

export function memoryCard(evidence: Evidence, hostBytes: number): Markup | undefined {
  const rows = memoryMeasures(evidence, hostBytes).map(row);
  if (rows.length === 0) return undefined;
  const threads = evidence.process?.threads?.value;
  const notes = [growthText(evidence), threads === undefined ? undefined : `${threads} threads.`].filter(
    (note) => note !== undefined,
  );
  return html`<div class="card">
    <h2>Memory and limits</h2>
    ${barTable("memory and its limits", rows)}
    ${notes.length === 0 ? undefined : html`<p class="muted">${notes.join(" ")}</p>`}
  </div>`;
}

function growthText({ usage }: Evidence): string | undefined {
  const known = (usage?.looks ?? []).filter(({ residentBytes }) => residentBytes !== undefined);
  const [first, last] = [known[0], known.at(-1)];
  if (first?.residentBytes === undefined || last?.residentBytes === undefined || first === last)
    return undefined;
  const time = Math.round((last.monotonicMs - first.monotonicMs) / 100) / 10;
  return `RSS ${formatBytes(first.residentBytes)} → ${formatBytes(last.residentBytes)} in ${time} s.`;
}
