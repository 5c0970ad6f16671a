// Open file descriptors by type, of the limit.
import type { DescriptorEvidence } from "../readings/evidence/descriptors.ts";
import type { UsageEvidence } from "../readings/evidence/usage.ts";
import { barTable, type BarRow, type Colour } from "./bars.ts";
import { html, type Markup } from "./markup.ts";

const MOST_TYPES = 8;
const COLOURS: readonly Colour[] = ["blue", "orange", "green", "pink", "yellow"];

/** The types with how many there are of each, most first; those that are too many to show, and those of no type, as one. */
export function descriptorTypes({ open, types }: DescriptorEvidence): readonly (readonly [string, number])[] {
  const ranked = [...types].toSorted(([, a], [, b]) => b - a);
  const shown = ranked.slice(0, MOST_TYPES);
  const others = open.value - shown.reduce((sum, [, count]) => sum + count, 0);
  return others > 0 ? [...shown, ["others", others]] : shown;
}

export function descriptorsCard(
  descriptors: DescriptorEvidence | undefined,
  usage: UsageEvidence | undefined,
): Markup | undefined {
  if (descriptors === undefined) return undefined;
  const { open, limit, deletedFiles } = descriptors;
  const most = typeof limit?.value === "number" ? limit.value : undefined;
  // A limit of a million would leave nothing to see of what is open.
  const free = most === undefined ? undefined : Math.max(0, most - open.value);
  const full = Math.max(1, most !== undefined && most <= open.value * 20 ? most : open.value);
  const row = (name: string, count: number, colour: Colour): BarRow => ({
    label: name,
    full,
    value: count.toLocaleString("en"),
    segments: [{ name: `${name} ${count}`, amount: count, colour }],
  });
  const rows = [
    ...descriptorTypes(descriptors).map(([name, count], at) => row(name, count, COLOURS[at] ?? "grey")),
    ...(free === undefined ? [] : [row("free", free, "free")]),
  ];
  const limitText =
    limit === undefined ? "its limit is not known" : `of ${limit.value.toLocaleString("en")} (soft limit)`;
  const notes = [
    growthText(usage),
    deletedFiles === undefined || deletedFiles === 0
      ? undefined
      : `${deletedFiles} of files that have no name any more.`,
  ].filter((note) => note !== undefined);
  return html`<div class="card">
    <h2>Open file descriptors <small>${open.value.toLocaleString("en")} ${limitText}</small></h2>
    ${barTable("open file descriptors by type", rows)}
    ${notes.length === 0 ? undefined : html`<p class="muted">${notes.join(" ")}</p>`}
  </div>`;
}

/** From the first look to the last; undefined when it was looked at less than twice. */
function growthText(usage: UsageEvidence | undefined): string | undefined {
  const known = (usage?.looks ?? []).filter(({ descriptors }) => descriptors !== undefined);
  const [first, last] = [known[0], known.at(-1)];
  if (first?.descriptors === undefined || last?.descriptors === undefined || first === last) return undefined;
  const change = last.descriptors - first.descriptors;
  const time = Math.round((last.monotonicMs - first.monotonicMs) / 100) / 10;
  return `${change >= 0 ? "+" : "−"}${Math.abs(change)} in ${time} s.`;
}
