// Columns over time: shares of equal intervals, stacked, on a scale that does not depend on chance, so that two pages can be
// laid side by side. The numbers stand below, folded away.
import { html, type Markup } from "./markup.ts";
import { legend, round, type Colour } from "./bars.ts";

export interface Series {
  readonly name: string;
  readonly colour: Colour;
  /** Percent of each interval. */
  readonly shares: readonly number[];
}

export interface ColumnChart {
  /** What is shown, in a sentence. */
  readonly label: string;
  /** Drawn from below. */
  readonly series: readonly Series[];
  /** What the full height is, in percent, and where lines are drawn. */
  readonly top: number;
  readonly lines: readonly number[];
  /** Since the capture began. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** No more columns than a phone has room for. */
export const MOST_COLUMNS = 60;
const WIDTH = 600;
const HEIGHT = 100;
const GAP_SHARE = 0.12;

/** How many equal intervals of about `stepMs`, a second or more, a span is cut into. */
export function intervalsOf(spanMs: number, stepMs: number): number {
  return Math.min(MOST_COLUMNS, Math.max(1, Math.round(spanMs / Math.max(1000, stepMs))));
}

/** Adds `amount`, which came evenly between `from` and `to`, to the equal parts of 0 to `span` that it falls into. */
export function spread(
  into: Float64Array,
  { from, to, span, amount }: Readonly<Record<"from" | "to" | "span" | "amount", number>>,
): void {
  const step = span / into.length;
  const last = into.length - 1;
  const first = Math.min(last, Math.max(0, Math.floor(from / step)));
  const end = Math.min(last, Math.max(0, Math.floor(to / step)));
  if (first === end || to <= from) {
    into[end] = (into[end] ?? 0) + amount;
    return;
  }
  for (let index = first; index <= end; index++) {
    const begin = index === first ? from : index * step;
    const stop = index === end ? to : (index + 1) * step;
    into[index] = (into[index] ?? 0) + (amount * Math.max(0, stop - begin)) / (to - from);
  }
}

/** The mean of a series, as text. */
export function meanText({ shares }: Pick<Series, "shares">): string {
  return percentText(shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length));
}

/** `0.4%`, `39%`. */
export function percentText(share: number): string {
  return `${share < 9.95 ? round(share) : Math.round(share)}%`;
}

function seconds(ms: number): string {
  return `+${round(ms / 1000)} s`;
}

export function columnChart(chart: ColumnChart): Markup {
  const { label, series, top, lines, fromMs, toMs } = chart;
  const count = series[0]?.shares.length ?? 0;
  const width = WIDTH / Math.max(1, count);
  const y = (share: number) => round(HEIGHT - (Math.min(share, top) / top) * HEIGHT);
  const startOf = (index: number) => fromMs + ((toMs - fromMs) * index) / Math.max(1, count);
  const columns = Array.from({ length: count }, (_, index) => {
    let below = 0;
    const parts = series.flatMap(({ colour, shares }) => {
      const share = shares[index] ?? 0;
      const [low, high] = [y(below), y(below + share)];
      below += share;
      if (low - high <= 0) return [];
      return html`<rect
        x="${round((index + GAP_SHARE / 2) * width)}"
        y="${high}"
        width="${round(width * (1 - GAP_SHARE))}"
        height="${round(low - high)}"
        fill="var(--${colour})"
      />`;
    });
    const told = series
      .filter(({ shares }) => (shares[index] ?? 0) > 0)
      .map(({ name, shares }) => `${name} ${percentText(shares[index] ?? 0)}`);
    return html`<g
      ><title>${seconds(startOf(index))}: ${told.length === 0 ? "0%" : told.join(", ")}</title>${parts}</g
    >`;
  });
  const rules = lines.map(
    (share) =>
      html`<line
        x1="0"
        x2="${WIDTH}"
        y1="${y(share)}"
        y2="${y(share)}"
        stroke="var(--line)"
        stroke-width="0.6"
      />`,
  );
  const scale = lines.map(
    (share) => html`<span style="top: ${round(100 - (share / top) * 100)}%">${share}%</span>`,
  );
  return html`<div class="chart">
      <div class="scale" aria-hidden="true">${scale}</div>
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${label}">
        ${rules}${columns}
      </svg>
    </div>
    <div class="axis"><span>${seconds(fromMs)}</span><span>${seconds(toMs)}</span></div>
    ${legend(series.map((one) => ({ name: one.name, value: meanText(one), colour: one.colour })))}
    ${numbers(chart, startOf)}`;
}

function numbers({ series }: ColumnChart, startOf: (index: number) => number): Markup {
  const rows = (series[0]?.shares ?? []).map(
    (_, index) =>
      html`<tr>
        <th scope="row">${seconds(startOf(index))}</th>
        ${series.map(({ shares }) => html`<td class="number">${percentText(shares[index] ?? 0)}</td>`)}
      </tr>`,
  );
  return html`<details>
    <summary>the numbers</summary>
    <table class="numbers">
      <tr>
        <th scope="col">from</th>
        ${series.map(({ name }) => html`<th scope="col">${name}</th>`)}
      </tr>
      ${rows}
    </table>
  </details>`;
}
