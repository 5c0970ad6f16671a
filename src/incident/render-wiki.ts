// The note for Jira Data Center: wiki markup (Jira's "Text Formatting Notation Help"). Every punctuation mark of a
// stranger is a character reference: Jira passes those on to the browser, and no markup is made of them.
import { printable } from "../printable.ts";
import { fitText } from "./fit-note.ts";
import { hostRows } from "./host-table.ts";
import type { Note, NoteReading } from "./note.ts";
import {
  answerLines,
  caveat,
  bundleFacts,
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

/** Characters of source, references included; a comment may have 32,767. */
const LIMIT = 12_000;

/** A full stop, comma, slash and blank alone mean nothing, once no `h1.`, `bq.` or address can begin. */
function escape(text: string): string {
  return text
    .replace(
      /[^\p{L}\p{N}\p{M}\p{S}\p{P} ]|[!-+:-@[-`{-~-]/gu,
      (character) => `&#${character.codePointAt(0)};`,
    )
    .replace(/^(h\d|bq)\./, "$1&#46;")
    .replace(/(?<=\bwww)\./gi, "&#46;");
}

const leaf: Leaf = {
  text: (raw, limit) => escape(printable(raw, limit)),
  code: (raw, limit) => `{{${escape(printable(raw, limit).trim() || "(empty)")}}}`,
};

function address(name: string, url: string): string {
  const target = linkTarget(url);
  // What ends the link or begins another is percent-encoded.
  const safe = target?.replace(/[[\]|{}^*_+~!\\]/g, (character) => encodeCharacter(character));
  return safe === undefined ? `*${name}* ${leaf.code(url, 600)}` : `[${name}|${safe}]`;
}

function encodeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function reading({ text, line, file }: NoteReading): readonly string[] {
  const raw = line === undefined || line.trim() === "" ? [] : [`#* ${leaf.code(line.trim(), 200)}`];
  return [`# ${leaf.text(text, 240)}`, ...raw, `#* from ${leaf.code(file, 120)}`];
}

function hostTable(note: Note): readonly string[] {
  const table = hostRows(note, leaf, ({ url, reason }) =>
    [url === undefined ? "" : linkOr(url), reason === undefined ? "" : leaf.text(reason, 120)].join(" "),
  );
  if (table === undefined) return [];
  return [
    `||${table.head.join("||")}||`,
    ...table.rows.map((cells) => `|${cells.map((text) => text.trim() || " ").join("|")}|`),
    "",
    ...(table.more === undefined ? [] : [table.more, ""]),
  ];
}

function linkOr(url: string): string {
  return linkTarget(url) === undefined ? leaf.code(url, 300) : address("bundle", url);
}

function render(note: Note): string {
  const facts = bundleFacts(note, leaf);
  const outcome = outcomeLine(note, leaf);
  return [
    headline(note, leaf),
    `bq. ${reasonLine(note, leaf)}`,
    "",
    ...answerLines(note, leaf).flatMap((line) => [line, ""]),
    ...(note.readings.length === 0 ? [] : [...note.readings.flatMap(reading), ""]),
    ...hostTable(note),
    ...(hasBundle(note)
      ? [`* ${address("Bundle", note.bundle.url)}${facts === "" ? "" : ` (${facts})`}`]
      : []),
    ...(note.report === undefined ? [] : [`* ${address("Report", note.report)}`]),
    `* Taken ${takenLine(note, leaf)}`,
    `* Got ${gotLine(note, leaf)}`,
    ...(outcome === undefined ? [] : [`* Then ${outcome}`]),
    "",
    `${caveat(note)} {{${markerOf(note)}}}`,
    "",
  ].join("\n");
}

/** The note as wiki markup; it ends with `exhibit:ID/STAGE` as monospaced text. */
export function renderWiki(note: Note): string {
  return fitText(note, render, LIMIT);
}
