// Bars that lie: a table with a name, a bar and a value in each row. The text is text of the page, so that it stays
// readable on a phone; only the bar is drawn.
import { printable } from "../printable.ts";
import { html, type Markup } from "./markup.ts";

/** Of the page's palette, after Okabe and Ito. */
export type Colour = "blue" | "orange" | "green" | "pink" | "yellow" | "red" | "grey" | "free" | "track";

export interface Segment {
  readonly name: string;
  readonly amount: number;
  readonly colour: Colour;
}

export interface BarRow {
  readonly label: string;
  /** Beside the label. */
  readonly note?: string | undefined;
  readonly segments: readonly Segment[];
  /** What fills the width. */
  readonly full: number;
  /** The value as text. */
  readonly value: string;
}

const WIDTH = 1000;
const HEIGHT = 12;
/** What is there can be seen, however little it is. */
const LEAST = 3;
const LABEL_LIMIT = 160;

function bar({ label, segments, full, value }: BarRow): Markup {
  const known = segments.filter(({ amount }) => amount > 0);
  let at = 0;
  const parts = known.map(({ name, amount, colour }) => {
    const width = Math.min(Math.max((amount / full) * WIDTH, LEAST), WIDTH - at);
    const drawn = html`<rect
      x="${round(at)}"
      y="0"
      width="${round(Math.max(width, 0))}"
      height="${HEIGHT}"
      fill="var(--${colour})"
      ><title>${name}</title></rect
    >`;
    at += Math.max(width, 0);
    return drawn;
  });
  const names = known.map(({ name }) => name).join(", ");
  return html`<svg
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    preserveAspectRatio="none"
    role="img"
    aria-label="${label}: ${names === "" ? value : names}"
  >
    <rect x="0" y="0" width="${WIDTH}" height="${HEIGHT}" fill="var(--track)" />
    ${parts}
  </svg>`;
}

/** One row a bar. `caption` is for those who hear the page. */
export function barTable(caption: string, rows: readonly BarRow[]): Markup {
  const lines = rows.map(({ label, ...rest }) => {
    const row = { ...rest, label: printable(label, LABEL_LIMIT) };
    return html`<tr>
      <th scope="row">
        ${row.label}${row.note === undefined ? undefined : html` <small>${row.note}</small>`}
      </th>
      <td class="bar">${bar(row)}</td>
      <td class="number">${row.value}</td>
    </tr>`;
  });
  return html`<table class="bars">
    <caption>
      ${caption}
    </caption>
    ${lines}
  </table>`;
}

export interface LegendEntry {
  readonly name: string;
  readonly value: string;
  readonly colour: Colour;
}

/** What the colours mean, each with its number. */
export function legend(entries: readonly LegendEntry[]): Markup {
  return html`<ul class="legend">
    ${entries.map(
      ({ name, value, colour }) =>
        html`<li><i class="swatch" style="background: var(--${colour})"></i>${name} <b>${value}</b></li>`,
    )}
  </ul>`;
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
