// The note for Slack: rich text blocks, in which text is a value and no markup (docs.slack.dev "Rich text block"), because
// mrkdwn has no way to escape `*`, `_` and backticks. Only `text`, what a notification shows, is mrkdwn: & < > escaped.
import { printable } from "../printable.ts";
import { fitNote } from "./fit-note.ts";
import { hostTableText } from "./host-table.ts";
import type { Note, NoteReading } from "./note.ts";
import { renderChat } from "./render-chat.ts";
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

interface SlackText {
  readonly type: "text";
  readonly text: string;
  readonly style?: { readonly bold?: true; readonly code?: true };
}
interface SlackLink {
  readonly type: "link";
  readonly url: string;
  readonly text: string;
}
export type SlackInline = SlackText | SlackLink;

export interface SlackElement {
  readonly type: "rich_text_section" | "rich_text_preformatted" | "rich_text_quote";
  readonly elements: readonly SlackInline[];
}

export interface SlackMessage {
  readonly text: string;
  readonly mrkdwn: false;
  readonly blocks: readonly { readonly type: "rich_text"; readonly elements: readonly SlackElement[] }[];
}

/** Slack refuses blocks of more than some 13,200 characters together (slackapi/bolt-js#2509). */
const LIMIT = 9500;

/** What Slack wants escaped wherever mrkdwn may be read (docs.slack.dev "Formatting message text"). */
export function slackEscape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function line(words: string, bold?: true): readonly SlackInline[] {
  return spansOf(words).map(({ text, isCode }) => {
    if (isCode) return { type: "text", text, style: { code: true } };
    return { type: "text", text, ...(bold ? { style: { bold } } : {}) };
  });
}

const section = (...elements: readonly SlackInline[]): SlackElement => ({
  type: "rich_text_section",
  elements,
});

function address(name: string, url: string): readonly SlackInline[] {
  const target = linkTarget(url);
  return target === undefined
    ? line(`${name} ${leaf.code(url, 600)}`)
    : [{ type: "link", url: target, text: name }];
}

function reading({ text, line: raw, file }: NoteReading, index: number): readonly SlackElement[] {
  const code = raw === undefined ? "" : printable(raw.trim(), 200);
  return [
    section(...line(`\n${index + 1}. ${printable(text, 240)}\n`, true)),
    ...(code === ""
      ? []
      : [{ type: "rich_text_preformatted", elements: [{ type: "text", text: code }] } as const]),
    section(...line(`from ${leaf.code(file, 120)}`)),
  ];
}

function hostTable(note: Note): readonly SlackElement[] {
  const lines = hostTableText(note);
  return lines.length === 0
    ? []
    : [{ type: "rich_text_preformatted", elements: [{ type: "text", text: lines.join("\n") }] }];
}

function render(note: Note): SlackMessage {
  const facts = bundleFacts(note, leaf);
  const outcome = outcomeLine(note, leaf);
  const elements: readonly SlackElement[] = [
    section(...line(headline(note, leaf), true)),
    { type: "rich_text_quote", elements: line(reasonLine(note, leaf)) },
    ...answerLines(note, leaf).map((words) => section(...line(`${words}\n`))),
    ...note.readings.flatMap(reading),
    ...hostTable(note),
    section(
      ...line("\n"),
      ...(hasBundle(note) ? address("Bundle", note.bundle.url) : []),
      ...line(facts === "" ? "\n" : ` (${facts})\n`),
      ...(note.report === undefined ? [] : [...address("Report", note.report), ...line("\n")]),
      ...line(`Taken ${takenLine(note, leaf)}\nGot ${gotLine(note, leaf)}\n`),
      ...line(outcome === undefined ? "" : `Then ${outcome}\n`),
      ...line(`${caveat(note)} ${leaf.code(markerOf(note), 300)}`),
    ),
  ];
  return {
    text: slackEscape(renderChat(note)),
    mrkdwn: false,
    blocks: [{ type: "rich_text", elements }],
  };
}

/** The part of a chat.postMessage that is the note; it ends with `exhibit:ID/STAGE` as code. */
export function renderSlack(note: Note): SlackMessage {
  return fitNote(note, render, (made) => JSON.stringify(made.blocks).length, LIMIT);
}
