// The note as plain text: for terminals, mail, and systems without markup.
import { printable } from "../printable.ts";
import { fitText } from "./fit-note.ts";
import { hostTableText } from "./host-table.ts";
import type { Note, NoteReading } from "./note.ts";
import {
  answerLines,
  bundleFacts,
  caveat,
  gotLine,
  hasBundle,
  headline,
  markerOf,
  outcomeLine,
  reasonLine,
  takenLine,
  type Leaf,
} from "./wording.ts";

const leaf: Leaf = { text: printable, code: printable };

function reading({ text, line, file }: NoteReading, index: number): readonly string[] {
  return [
    `${index + 1}. ${printable(text, 240)}`,
    ...(line === undefined || line.trim() === "" ? [] : [`     ${printable(line.trim(), 200)}`]),
    `     from ${printable(file, 120)}`,
  ];
}

function render(note: Note): string {
  const facts = bundleFacts(note, leaf);
  const outcome = outcomeLine(note, leaf);
  return [
    headline(note, leaf),
    reasonLine(note, leaf),
    "",
    ...answerLines(note, leaf).flatMap((line) => [line, ""]),
    ...(note.readings.length === 0 ? [] : [...note.readings.flatMap(reading), ""]),
    ...(hasBundle(note) ? [`Bundle  ${printable(note.bundle.url, 600)}`] : [...hostTableText(note), ""]),
    ...(facts === "" ? [] : [`        ${facts}`]),
    ...(note.report === undefined ? [] : [`Report  ${printable(note.report, 600)}`]),
    `Taken   ${takenLine(note, leaf)}`,
    `Got     ${gotLine(note, leaf)}`,
    ...(outcome === undefined ? [] : [`Then    ${outcome}`]),
    "",
    `${caveat(note)} [${markerOf(note)}]`,
    "",
  ].join("\n");
}

/** The note as text of at most 4,000 characters without control characters but line ends; it ends with `[exhibit:ID/STAGE]`. */
export function renderText(note: Note): string {
  return fitText(note, render);
}
