// The note for Jira Cloud: Atlassian Document Format, version 1 (developer.atlassian.com/cloud/jira/platform/apis/document/).
import { printable } from "../printable.ts";
import { fitNote } from "./fit-note.ts";
import { hostRows, hostTable as tableOf } from "./host-table.ts";
import type { Note, NoteReading } from "./note.ts";
import { spanLeaf as leaf, spansOf } from "./spans.ts";
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

function row(type: "tableHeader" | "tableCell", cells: readonly (readonly AdfNode[])[]): AdfNode {
  return {
    type: "tableRow",
    content: cells.map((content) => ({
      type,
      content: [paragraph(...(content.length === 0 ? [text("")] : content))],
    })),
  };
}

function hostTable(note: Note): readonly AdfNode[] {
  const table = hostRows(note, leaf);
  if (table === undefined) return [];
  const hosts = tableOf(note)?.hosts ?? [];
  return [
    {
      type: "table",
      content: [
        row(
          "tableHeader",
          table.head.map((name) => [text(name, strong)]),
        ),
        ...table.rows.map((cells, index) => {
          const url = hosts[index]?.url;
          const href = url === undefined ? undefined : linkTarget(url);
          const linked = href === undefined ? [] : [text("bundle ", { type: "link", attrs: { href } })];
          const words = href === undefined ? (cells[3] ?? "") : leaf.text(hosts[index]?.reason ?? "", 120);
          return row("tableCell", [
            ...cells.slice(0, 3).map((one) => line(one)),
            [...linked, ...line(words)],
          ]);
        }),
      ],
    },
    ...(table.more === undefined ? [] : [paragraph(text(table.more))]),
  ];
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
      ...hostTable(note),
      {
        type: "bulletList",
        content: [
          ...(hasBundle(note) ? [item(paragraph(...bundle))] : []),
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
