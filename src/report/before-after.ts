// The numbers before and after the mitigation, side by side.
import type { ComparisonRecord } from "../bundle/comparison-record.ts";
import type { Manifest } from "../bundle/manifest.ts";
import { formatVital, verdictWord } from "../readings/comparison-text.ts";
import { movedVitals } from "../readings/differences.ts";
import { html, type Markup } from "./markup.ts";

type Vital = ComparisonRecord["vitals"][number];

function row({ label, unit, before, after }: Vital, hasMoved: boolean): Markup {
  const tell = (value: number | undefined) =>
    value === undefined ? html`<span class="muted">not known</span>` : html`${formatVital(value, unit)}`;
  return html`<tr class="${hasMoved ? "moved" : ""}">
    <th scope="row">${label}</th>
    <td class="number">${tell(before)}</td>
    <td class="number">${tell(after)}</td>
    <td>${hasMoved ? "moved" : ""}</td>
  </tr>`;
}

/** Undefined when the bundle was compared with none. */
export function beforeAfter({ comparison }: Manifest): Markup | undefined {
  if (comparison === undefined) return undefined;
  const { verdict, text, vitals } = comparison;
  const moved = new Set(movedVitals(vitals).map(({ id, label }) => `${id} ${label}`));
  const rows = vitals.map((vital) => row(vital, moved.has(`${vital.id} ${vital.label}`)));
  return html`<div class="card">
    <h2>Before and after <small>compared with ${comparison.with}</small></h2>
    <p><b class="${verdict === "fixed" ? "good" : "bad"}">${verdictWord(verdict)}</b> ${text}</p>
    <table class="vitals">
      <tr>
        <th scope="col">what</th>
        <th scope="col" class="number">before</th>
        <th scope="col" class="number">after</th>
        <th scope="col">change</th>
      </tr>
      ${rows}
    </table>
  </div>`;
}
