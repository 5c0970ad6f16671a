// The note for Jira Cloud: Atlassian Document Format, version 1 (developer.atlassian.com/cloud/jira/platform/apis/document/).
import { printable } from "../printable.ts";
import { fitNote } from "./fit-note.ts";
import type { Note, NoteReading } from "./note.ts";
import { spanLeaf as leaf, spansOf } from "./spans.ts";
import {
  answerLines,
  caveat,
  bundleFacts,
  gotLine,
  headline,
  linkTarget,
  markerOf,
  outcomeLine,
  reasonLine,
  takenLine,
} from "./wording.ts";

interface AdfMark {
  readonly type: "code" | "strong" | "link";
  readonly attrs?: { readonly href: string };
}

export interface AdfNode {
  readonly type: string;
  readonly text?: string;
  readonly attrs?: Readonly<Record<string, string | number>>;
  readonly marks?: readonly AdfMark[];
  readonly content?: readonly AdfNode[];
}

export interface AdfDocument {
  readonly version: 1;
  readonly type: "doc";
  readonly content: readonly AdfNode[];
}

/** Far below the 32,767 characters of a comment, which counts the text. */
const LIMIT = 20_000;

/** No text at all is refused by the schema. */
function text(value: string, ...marks: readonly AdfMark[]): AdfNode {
  return { type: "text", text: value === "" ? "-" : value, ...(marks.length === 0 ? {} : { marks }) };
}

/** The code mark goes with no other but a link's. */
function line(words: string, ...marks: readonly AdfMark[]): readonly AdfNode[] {
  return spansOf(words).map((span) =>
    span.isCode ? text(span.text, { type: "code" }) : text(span.text, ...marks),
  );
}

const paragraph = (...content: readonly AdfNode[]): AdfNode => ({ type: "paragraph", content });
const item = (...content: readonly AdfNode[]): AdfNode => ({ type: "listItem", content });
const strong: AdfMark = { type: "strong" };

function address(name: string, url: string): AdfNode[] {
  const href = linkTarget(url);
  if (href !== undefined) return [text(name, strong, { type: "link", attrs: { href } })];
  return [text(`${name} `, strong), ...line(leaf.code(url, 600))];
}

function reading({ text: sentence, line: raw, file }: NoteReading): AdfNode {
  const code = raw === undefined ? "" : printable(raw.trim(), 200);
  return item(
    paragraph(text(printable(sentence, 240), strong)),
    ...(code === "" ? [] : [{ type: "codeBlock", attrs: { language: "text" }, content: [text(code)] }]),
    paragraph(text("from "), ...line(leaf.code(file, 120))),
  );
}

function render(note: Note): AdfDocument {
  const facts = bundleFacts(note, leaf);
  const outcome = outcomeLine(note, leaf);
  const bundle = [...address("Bundle", note.bundle.url), ...(facts === "" ? [] : line(` (${facts})`))];
  return {
    version: 1,
    type: "doc",
    content: [
      paragraph(...line(headline(note, leaf), strong)),
      { type: "blockquote", content: [paragraph(...line(reasonLine(note, leaf)))] },
      ...answerLines(note, leaf).map((words) => paragraph(...line(words))),
      ...(note.readings.length === 0
        ? []
        : [{ type: "orderedList", attrs: { order: 1 }, content: note.readings.map(reading) }]),
      {
        type: "bulletList",
        content: [
          item(paragraph(...bundle)),
          ...(note.report === undefined ? [] : [item(paragraph(...address("Report", note.report)))]),
          item(paragraph(text("Taken ", strong), ...line(takenLine(note, leaf)))),
          item(paragraph(text("Got ", strong), ...line(gotLine(note, leaf)))),
          ...(outcome === undefined ? [] : [item(paragraph(text("Then ", strong), ...line(outcome)))]),
        ],
      },
      paragraph(text(`${caveat(note)} `), text(markerOf(note), { type: "code" })),
    ],
  };
}

/** The note as a document of Jira Cloud; it ends with `exhibit:ID/STAGE` as code. */
export function renderAdf(note: Note): AdfDocument {
  return fitNote(note, render, (made) => JSON.stringify(made).length, LIMIT);
}

/** All text of a document, also of one that somebody else wrote. */
export function adfText(node: unknown): string {
  if (typeof node !== "object" || node === null) return "";
  const own = "text" in node && typeof node.text === "string" ? node.text : "";
  const below = "content" in node && Array.isArray(node.content) ? node.content.map(adfText).join(" ") : "";
  return own + below;
}
