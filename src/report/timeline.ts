// The timeline of the collectors, with what stopped the target and the moment the mitigation began.
import type { Outcome } from "../bundle/after-seal.ts";
import type { CollectorRecord, Manifest } from "../bundle/manifest.ts";
import { originMs } from "../bundle/origin.ts";
import { formatBytes, formatDuration } from "../incident/wording.ts";
import { printable } from "../printable.ts";
import { barTable, type BarRow, type Colour } from "./bars.ts";
import { html, type Markup } from "./markup.ts";

const LEFT = 200;
const WIDTH = 650;
const ROW = 22;

/** Ticks at 1, 2 or 5 times a power of ten, at most eight. */
function tickStep(totalMs: number): number {
  const rough = Math.max(totalMs, 1) / 8;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
}

function timelineRow(record: CollectorRecord, y: number, x: (ms: number) => number): Markup {
  const { name, startedMonotonicMs: start, durationMs = 0, observedPauseMs: pause = 0, bytes } = record;
  const label = html`<text class="name" x="${LEFT - 10}" y="${y + 12}" text-anchor="end"
    >${printable(name, 28)}</text
  >`;
  if (start === undefined)
    return html`${label}<text x="${LEFT + 4}" y="${y + 12}"
        >${record.status}: ${printable(record.reason ?? "", 100)}</text
      >`;
  const [from, to] = [x(start), Math.max(x(start + durationMs), x(start) + 3)];
  // Where in its span a collector stopped the target is not recorded: the hatch shows how long, from the left.
  const stopped = html`<rect
    x="${from}"
    y="${y}"
    width="${Math.max(x(start + pause) - from, 2)}"
    height="14"
    fill="url(#stop)"
    ><title>target stopped ${formatDuration(pause)}</title></rect
  >`;
  const words = [
    formatBytes(bytes),
    ...(record.status === "ok" ? [] : [record.status]),
    ...(pause > 0 ? [`stopped ${formatDuration(pause)}`] : []),
  ].join(", ");
  // Beside the bar, on the side that has room.
  const isBefore = from > LEFT + WIDTH / 2;
  return html`${label}<rect
      x="${from}"
      y="${y}"
      width="${to - from}"
      height="14"
      rx="2"
      fill="var(--${record.status === "ok" ? "blue" : "grey"})"
      ><title>${name}: +${formatDuration(start)}, ${formatDuration(durationMs)}</title></rect
    >${pause > 0 ? stopped : undefined}
    <text
      class="${pause > 0 ? "pause" : ""}"
      x="${isBefore ? from - 5 : to + 5}"
      y="${y + 12}"
      text-anchor="${isBefore ? "end" : "start"}"
      >${words}</text
    >`;
}

/** The same in rows of text, for a narrow screen: there the drawing would have to be scrolled. */
function narrowTimeline(collectors: readonly CollectorRecord[], totalMs: number): Markup {
  const rows = collectors.map((record): BarRow => {
    const { name, startedMonotonicMs: start, durationMs = 0, observedPauseMs: pause = 0 } = record;
    if (start === undefined)
      return {
        label: name,
        full: totalMs,
        value: `${record.status}: ${printable(record.reason ?? "", 100)}`,
        segments: [],
      };
    const colour: Colour = record.status === "ok" ? "blue" : "grey";
    const ran = Math.max(0, durationMs - pause);
    return {
      label: name,
      full: totalMs,
      value: [
        formatDuration(durationMs),
        ...(record.status === "ok" ? [] : [record.status]),
        ...(pause > 0 ? [`stopped ${formatDuration(pause)}`] : []),
      ].join(", "),
      segments: [
        { name: `from +${formatDuration(start)}`, amount: start, colour: "track" },
        { name: `target stopped ${formatDuration(pause)}`, amount: pause, colour: "red" },
        { name: `ran ${formatDuration(ran)}`, amount: ran, colour },
      ],
    };
  });
  return barTable("timeline of the collectors", rows);
}

/** One row a collector, on one scale from the start of the capture to its end or that of the mitigation's start. */
export function timeline(
  manifest: Pick<Manifest, "collectors" | "durationMs" | "startedAt">,
  outcome: Outcome | undefined,
): Markup {
  const { collectors, durationMs } = manifest;
  const begun =
    outcome?.startedAt === undefined ? undefined : Date.parse(outcome.startedAt) - originMs(manifest);
  const ends = collectors.map((record) => (record.startedMonotonicMs ?? 0) + (record.durationMs ?? 0));
  const total = Math.max(durationMs, begun ?? 0, 1, ...ends);
  const x = (ms: number): number => Math.round((LEFT + (ms / total) * WIDTH) * 10) / 10;
  const height = collectors.length * ROW + 12;
  const step = tickStep(total);
  const ticks = Array.from({ length: Math.floor(total / step) + 1 }, (_, index) => {
    const at = x(index * step);
    return html`<line x1="${at}" x2="${at}" y1="6" y2="${height}" stroke="var(--line)" /><text
        x="${at}"
        y="${height + 16}"
        text-anchor="middle"
        >+${formatDuration(index * step).replace(".0 ", " ")}</text
      >`;
  });
  const rows = collectors.map((record, index) => timelineRow(record, 10 + index * ROW, x));
  const mark =
    begun !== undefined && begun >= 0
      ? html`<line
            x1="${x(begun)}"
            x2="${x(begun)}"
            y1="0"
            y2="${height}"
            stroke="var(--green)"
            stroke-width="2"
          /><text class="mitigation" x="${x(begun) - 5}" y="2" text-anchor="end">mitigation began</text>`
      : undefined;
  return html`<div class="card">
    <h2>How this was captured <small>red: the target was stopped</small></h2>
    <div class="phone">
      ${narrowTimeline(collectors, total)}
      ${begun === undefined || begun < 0 ? undefined : html`<p class="good">mitigation began at +${formatDuration(begun)}</p>`}
    </div>
    <div class="scroll wide" role="region" aria-label="timeline" tabindex="0">
      <svg
        class="timeline"
        viewBox="0 -14 ${LEFT + WIDTH + 150} ${height + 36}"
        role="img"
        aria-label="timeline of the collectors"
      >
        <defs>
          <pattern id="stop" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="6" height="6" fill="var(--red)" />
            <line x1="0" y1="0" x2="0" y2="6" stroke="var(--bg)" stroke-width="2.5" />
          </pattern>
        </defs>
        ${ticks}${rows}${mark}
      </svg>
    </div>
  </div>`;
}
