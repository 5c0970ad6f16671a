// The note as Markdown: note.md in the bundle, and the record files.
import { fitText } from "./fit-note.ts";
import { hostTableMarkdown } from "./host-table.ts";
import { markdownCode, markdownFence, markdownLink, markdownText } from "./markdown-text.ts";
import type { Note, NoteReading } from "./note.ts";
import {
  answerLines,
  bundleFacts,
  caveat,
  gotLine,
  hasBundle,
  headline,
  markerId,
  outcomeLine,
  reasonLine,
  takenLine,
  type Leaf,
} from "./wording.ts";

const leaf: Leaf = { text: markdownText, code: markdownCode };
const INDENT = "   ";

function reading({ text, line, file }: NoteReading, index: number): readonly string[] {
  return [
    `${index + 1}. **${markdownText(text, 240) || "(no text)"}**`,
    ...(line === undefined || line.trim() === "" ? [] : markdownFence(line, INDENT, 200)),
    `${INDENT}from ${markdownCode(file, 120)}`,
  ];
}

function address(name: string, url: string): string {
  const link = markdownLink(name, url, 600);
  return link.startsWith("[") ? `- **${link}**` : `- **${name}** ${link}`;
}

function render(note: Note, marker: string): string {
  const facts = bundleFacts(note, leaf);
  const outcome = outcomeLine(note, leaf);
  return [
    `**${headline(note, leaf)}**`,
    "",
    `> ${reasonLine(note, leaf)}`,
    "",
    ...answerLines(note, leaf).flatMap((line) => [line, ""]),
    ...(note.readings.length === 0 ? [] : [...note.readings.flatMap(reading), ""]),
    ...hostTableMarkdown(note),
    ...(hasBundle(note) ? [`${address("Bundle", note.bundle.url)}${facts === "" ? "" : ` (${facts})`}`] : []),
    ...(note.report === undefined ? [] : [address("Report", note.report)]),
    `- **Taken** ${takenLine(note, leaf)}`,
    `- **Got** ${gotLine(note, leaf)}`,
    ...(outcome === undefined ? [] : [`- **Then** ${outcome}`]),
    "",
    caveat(note),
    "",
    marker,
    "",
  ].join("\n");
}

/**
 * The note as Markdown of at most 4,000 characters in which nothing that a stranger wrote is markup; it ends with `marker`,
 * a line of our own: `<!-- exhibit:ID -->`.
 */
export function renderMarkdown(note: Note, marker = `<!-- exhibit:${markerId(note.captureId)} -->`): string {
  return fitText(note, (one) => render(one, marker));
}
