// Which share of each second went into garbage collection.
import type { CollectorRecord } from "../bundle/manifest.ts";
import type { RuntimeEvidence } from "../readings/evidence/runtime-evidence.ts";
import { columnChart, intervalsOf, percentText, spread } from "./columns.ts";
import { html, type Markup } from "./markup.ts";

const STEP_MS = 1000;

export interface CollectionShares {
  readonly shares: readonly number[];
  /** Since the capture began. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Undefined when collections were not told one by one, or nobody knows since when. */
export function collectionShares(
  runtime: RuntimeEvidence | undefined,
  { record, beganAtMs }: { readonly record: CollectorRecord | undefined; readonly beganAtMs: number },
): CollectionShares | undefined {
  const began = record?.inside?.openedAt ?? record?.startedAt;
  if (runtime?.collections === undefined || began === undefined) return undefined;
  const pauses = runtime.pauses();
  const [first, last] = [pauses[0], pauses.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  // The observers began a moment after the inspector was opened: what they saw counts, whatever the clocks say.
  const from = Math.min(Date.parse(began), first.startedUnixMs);
  const to = Math.max(from + runtime.windowMs, last.startedUnixMs + last.durationMs);
  const span = to - from;
  const busyMs = new Float64Array(intervalsOf(span, STEP_MS));
  for (const { startedUnixMs, durationMs } of pauses)
    spread(busyMs, {
      from: startedUnixMs - from,
      to: startedUnixMs - from + durationMs,
      span,
      amount: durationMs,
    });
  const step = span / busyMs.length;
  return {
    shares: Array.from(busyMs, (ms) => (100 * ms) / step),
    fromMs: from - beganAtMs,
    toMs: to - beganAtMs,
  };
}

export function collectionsCard(
  runtime: RuntimeEvidence | undefined,
  about: { readonly record: CollectorRecord | undefined; readonly beganAtMs: number },
): Markup | undefined {
  const total = runtime?.collections?.value;
  if (runtime === undefined || total === undefined) return undefined;
  const found = collectionShares(runtime, about);
  const share = percentText(total.sharePercent);
  const longest =
    total.count === 0 || total.longestMs === undefined
      ? ""
      : `, the longest ${percentless(total.longestMs)} ms`;
  const count = total.count === undefined ? "" : `: ${total.count} collections${longest}`;
  const sentence = html`<p class="muted">
    ${share} of ${percentless(runtime.windowMs / 1000)} s${count}. Seen by ${runtime.method}.
  </p>`;
  const chart =
    found &&
    columnChart({
      label: `Share of time in garbage collection, ${share} in all`,
      series: [{ name: "in collections, mean", colour: "orange", shares: found.shares }],
      top: 100,
      lines: [0, 50, 100],
      fromMs: found.fromMs,
      toMs: found.toMs,
    });
  return html`<div class="card">
    <h2>Time in garbage collection <small>share of the main thread's time</small></h2>
    ${chart}${sentence}
  </div>`;
}

function percentless(value: number): string {
  return String(Math.round(value * 10) / 10);
}
