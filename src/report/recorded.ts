// The minutes before the capture, as the agent's recorder saw them: a small chart for each series, all on one time.
import { formatBytes, formatDuration } from "../incident/wording.ts";
import type { RecordedEvidence } from "../readings/evidence/recorded.ts";
import { round } from "./bars.ts";
import { html, type Markup } from "./markup.ts";
import { recordedSeries, type RecordedSeries } from "./recorded-series.ts";

const WIDTH = 600;
const HEIGHT = 40;
/** What is known can be seen, 0 too. */
const LEAST = 1.5;

function textOf(value: number, unit: RecordedSeries["unit"]): string {
  if (unit === "bytes") return formatBytes(value);
  return unit === "percent" ? `${Math.round(value)}%` : String(Math.round(value));
}

function chart({ name, unit, values, last, highest }: RecordedSeries): Markup {
  const top = Math.max(highest, unit === "percent" ? 100 : 1);
  const width = WIDTH / values.length;
  const unknown = values.filter((value) => value === undefined).length;
  const columns = values.map((value, index) => {
    const height = value === undefined ? HEIGHT : Math.max(LEAST, (value / top) * HEIGHT);
    return html`<rect
      x="${round(index * width)}"
      y="${round(HEIGHT - height)}"
      width="${round(width + 0.2)}"
      height="${round(height)}"
      fill="var(--${value === undefined ? "line" : "blue"})"
      ><title>${value === undefined ? "not recorded" : textOf(value, unit)}</title></rect
    >`;
  });
  const gaps = unknown === 0 ? "" : `, not recorded in ${unknown} of ${values.length} parts of the time`;
  return html`<svg
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    preserveAspectRatio="none"
    role="img"
    aria-label="${name} over time: at last ${textOf(last, unit)}, at most ${textOf(highest, unit)}${gaps}"
  >
    <rect x="0" y="0" width="${WIDTH}" height="${HEIGHT}" fill="var(--track)" />
    ${columns}
  </svg>`;
}

/** The card; undefined when nothing was recorded. */
export function recordedCard(
  recorded: RecordedEvidence | undefined,
  { beganAtMs, mask }: { readonly beganAtMs: number; readonly mask: (text: string) => string },
): Markup | undefined {
  const series = recorded === undefined ? [] : recordedSeries(recorded);
  const [first, last] = [recorded?.looks[0], recorded?.looks.at(-1)];
  if (series.length === 0 || first === undefined || last === undefined) return undefined;
  const spanMs = last.upMs - first.upMs;
  const afterMs = Date.parse(last.at) - beganAtMs;
  const end = afterMs >= 0 ? `${formatDuration(afterMs)} into` : `${formatDuration(-afterMs)} before`;
  const rows = series.map(
    (one) =>
      html`<tr>
        <th scope="row">${mask(one.name)}</th>
        <td class="bar">${chart({ ...one, name: mask(one.name) })}</td>
        <td class="number">
          ${textOf(one.last, one.unit)} <small>at most ${textOf(one.highest, one.unit)}</small>
        </td>
      </tr>`,
  );
  return html`<div class="card">
    <h2>The minutes before <small>from 0 to the highest; grey: not recorded</small></h2>
    <table class="bars recorded">
      <caption>
        the minutes before the capture
      </caption>
      ${rows}
    </table>
    <p class="muted">${formatDuration(spanMs)} of the recorder of exhibit agent, up to ${end} the capture.</p>
  </div>`;
}
