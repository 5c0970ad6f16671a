// The note as HTML, for Request Tracker: its pages show plain text without leading blanks, and HTML as it is.
import { printable } from "../printable.ts";
import { fitText } from "./fit-note.ts";
import { hostRows } from "./host-table.ts";
import type { Note, NoteReading } from "./note.ts";
import {
  answerLines,
  caveat,
  bundleFacts,
  followUpLine,
  gotLine,
  hasBundle,
  headline,
  linkTarget,
  markerOf,
  outcomeLine,
  reasonLine,
  takenLine,
  type Leaf,
} from "./wording.ts";

/** Characters of source; escapes count. */
const LIMIT = 12_000;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text between tags and in quoted attributes. */
function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

const leaf: Leaf = {
  text: (raw, limit) => escape(printable(raw, limit)),
  code: (raw, limit) => `<code>${escape(printable(raw, limit))}</code>`,
};

function address(name: string, url: string): string {
  const href = linkTarget(url);
  if (href === undefined) return `<b>${name}</b> ${leaf.code(url, 600)}`;
  return `<b><a href="${escape(href)}" rel="noreferrer">${name}</a></b>`;
}

function reading({ text, line, file }: NoteReading): string {
  const raw = line === undefined || line.trim() === "" ? "<br>" : `<pre>${leaf.text(line.trim(), 200)}</pre>`;
  return `<li><b>${leaf.text(text, 240)}</b>${raw}from ${leaf.code(file, 120)}</li>`;
}

function row(tag: string, cells: readonly string[]): string {
  return `<tr>${cells.map((text) => `<${tag}>${text}</${tag}>`).join("")}</tr>`;
}

function hostTable(note: Note): readonly string[] {
  const table = hostRows(note, leaf, ({ url, reason }) =>
    [url === undefined ? "" : linkOr(url), reason === undefined ? "" : leaf.text(reason, 120)].join(" "),
  );
  if (table === undefined) return [];
  return [
    `<table>${row("th", table.head)}${table.rows.map((cells) => row("td", cells)).join("")}</table>`,
    ...(table.more === undefined ? [] : [`<p>${table.more}</p>`]),
  ];
}

function linkOr(url: string): string {
  return linkTarget(url) === undefined ? leaf.code(url, 300) : address("bundle", url);
}

function render(note: Note): string {
  const facts = bundleFacts(note, leaf);
  const outcome = outcomeLine(note, leaf);
  return [
    `<p><b>${headline(note, leaf)}</b></p>`,
    // Not in <blockquote>: Request Tracker folds that behind "Show quoted text" (html/Elements/ShowMessageStanza).
    `<p><i>${reasonLine(note, leaf)}</i></p>`,
    ...answerLines(note, leaf).map((line) => `<p>${line}</p>`),
    ...(note.readings.length === 0 ? [] : [`<ol>${note.readings.map(reading).join("")}</ol>`]),
    ...hostTable(note),
    "<ul>",
    ...(hasBundle(note)
      ? [`<li>${address("Bundle", note.bundle.url)}${facts === "" ? "" : ` (${facts})`}</li>`]
      : []),
    ...(note.report === undefined ? [] : [`<li>${address("Report", note.report)}</li>`]),
    `<li><b>Taken</b> ${takenLine(note, leaf)}</li>`,
    `<li><b>Got</b> ${gotLine(note, leaf)}</li>`,
    ...(outcome === undefined ? [] : [`<li><b>Then</b> ${outcome}</li>`]),
    "</ul>",
    `<p><i>${caveat(note)}</i> <code>${markerOf(note)}</code></p>`,
    "",
  ].join("\n");
}

/** The note as a piece of HTML without script, style or outside resource; it ends with `exhibit:ID/STAGE` as code. */
export function renderHtml(note: Note): string {
  return fitText(note, render, LIMIT);
}

/** The short second note where the first cannot be changed. */
export function renderHtmlFollowUp(note: Note): string {
  const end = `<code>${markerOf(note)}</code>`;
  return `<p>${followUpLine(note, leaf)}. ${hasBundle(note) ? address("Bundle", note.bundle.url) : ""} ${end}</p>\n`;
}
