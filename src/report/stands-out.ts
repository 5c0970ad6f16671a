// What stands out: the first readings whole, the others folded away.
import type { Manifest, ReadingRecord } from "../bundle/manifest.ts";
import { answerOf, answerText, unseenCollectors } from "../readings/answer.ts";
import { html, type Markup } from "./markup.ts";
import { fileLink } from "./tables.ts";

const FIRST = 5;
/** Of the others, as many are shown when they are unfolded. */
const MOST_OTHERS = 60;

function item(reading: ReadingRecord, files: Manifest["files"]): Markup {
  const { text, line, file, question, next, sureness, speaksFor } = reading;
  const asked = question === undefined ? undefined : html`<small>${question}</small>`;
  const ask = next === undefined || next === "" ? undefined : html`<p class="next">Ask next: ${next}</p>`;
  const sure = sureness === undefined || sureness === "certain" ? "" : ` · ${sureness}`;
  const speaks =
    speaksFor === "restart"
      ? " · a restart would end it, for a while at least"
      : speaksFor === "not-restart"
        ? " · comes from outside of the process"
        : "";
  return html`<li class="${sureness === "hint" ? "hint" : ""}">
    ${asked}
    <p><b>${text}</b></p>
    ${ask}${line && html`<pre>${line}</pre>`}
    <div class="muted">from ${fileLink(file, files)}${sure}${speaks}</div>
  </li>`;
}

export function standsOut({ readings, files, made, collectors }: Manifest): Markup {
  if (made !== undefined) return html``;
  if (readings.length === 0)
    return html`<h2>What stands out</h2>
      <p class="muted">No reading stands out. The evidence is below.</p>`;
  const unseen = unseenCollectors(collectors);
  const isJudged = readings.some(({ sureness }) => sureness !== undefined);
  const answer = isJudged ? html`<p><b>${answerText(answerOf(readings, unseen), unseen)}</b></p>` : undefined;
  const others = readings.slice(FIRST);
  const shown = others.slice(0, MOST_OTHERS);
  const left = others.length - shown.length;
  const folded =
    others.length === 0
      ? undefined
      : html`<details>
          <summary>${others.length} more</summary>
          <ol class="readings">
            ${shown.map((reading) => item(reading, files))}
          </ol>
          ${left === 0 ? undefined : html`<p class="muted">and ${left} in manifest.json</p>`}
        </details>`;
  return html`<section>
    <h2>What stands out <small>readings of the raw data, not a diagnosis</small></h2>
    ${answer}
    <ol class="readings">
      ${readings.slice(0, FIRST).map((reading) => item(reading, files))}
    </ol>
    ${folded}
  </section>`;
}
