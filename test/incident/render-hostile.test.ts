// Slow: kills or strangers by the hundred; not part of npm run test:quick.
// 10,000 hostile strings through every renderer, judged by the formats' own parsers: no control character, no mention, no
// markup and no second line of a chat gets through.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { parseFragment, type DefaultTreeAdapterMap } from "parse5";
import type { Note } from "../../src/incident/note.ts";
import { renderAdf } from "../../src/incident/render-adf.ts";
import { MAX_CHAT_BYTES, renderChat, renderChatFollowUp } from "../../src/incident/render-chat.ts";
import { renderHtml, renderHtmlFollowUp } from "../../src/incident/render-html.ts";
import { renderMarkdown } from "../../src/incident/render-markdown.ts";
import { renderSlack } from "../../src/incident/render-slack.ts";
import { renderText } from "../../src/incident/render-text.ts";
import { renderWiki } from "../../src/incident/render-wiki.ts";
import { Adf } from "../helpers/contracts/adf.ts";
import { SlackBlocks } from "../helpers/contracts/slack-blocks.ts";
import { CONTROL, hostileNote } from "./hostile-note.ts";
import { sampleNote } from "./sample-note.ts";

type Node = DefaultTreeAdapterMap["node"];

/** What GitHub, GitLab and Mattermost look for in text that is no code. */
const CALLS = /(?:^|[^\w])(?:@|[#!~%&$^](?=\w))|\bgh-\d|(?<![\d:]):[a-z0-9_+-]+:|https?:\/\/|www\.\w/i;

/** Fails on any element, attribute or address that is not ours; `seen` gets the text outside of code. */
function checkTree(node: Node, allowed: ReadonlySet<string>, seen: string[], inCode = false): void {
  if (node.nodeName === "#comment" && "data" in node)
    return assert.match(node.data, /^ exhibit:[A-Za-z0-9._-]* $/);
  if (node.nodeName === "#text" && "value" in node) {
    assert.doesNotMatch(node.value.replaceAll("\n", ""), CONTROL);
    if (!inCode) seen.push(node.value);
    return undefined;
  }
  assert.ok(node.nodeName === "#document-fragment" || allowed.has(node.nodeName), node.nodeName);
  if ("attrs" in node)
    for (const { name, value } of node.attrs) {
      const own = { href: /^https?:\/\//, rel: /^noreferrer$/, class: /^language-text$/ }[name];
      assert.match(value, own ?? assert.fail(`attribute ${name}`));
    }
  if (!("childNodes" in node)) return undefined;
  if (node.nodeName === "a") assert.match(textOf(node), /^(?:Bundle|Report)$/);
  for (const child of node.childNodes)
    checkTree(child, allowed, seen, inCode || node.nodeName === "code" || node.nodeName === "pre");
}

function textOf(node: Node): string {
  if ("value" in node) return node.value;
  return "childNodes" in node ? node.childNodes.map(textOf).join("") : "";
}

const MARKDOWN_TAGS = new Set(["p", "strong", "blockquote", "ol", "ul", "li", "pre", "code", "a"]);
/** No blockquote: Request Tracker would hide what is in it. */
const HTML_TAGS = new Set(["p", "b", "i", "ol", "ul", "li", "pre", "code", "a", "br"]);

function checkMarkdown(note: Note): void {
  const html = micromark(renderMarkdown(note), {
    allowDangerousHtml: true,
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  });
  const prose: string[] = [];
  checkTree(parseFragment(html), MARKDOWN_TAGS, prose);
  for (const piece of prose) assert.doesNotMatch(piece, CALLS);
}

function checkHtml(note: Note): void {
  const html = renderHtml(note);
  assert.ok(html.length < 30_000);
  checkTree(parseFragment(html), HTML_TAGS, []);
  checkTree(parseFragment(renderHtmlFollowUp(note)), HTML_TAGS, []);
}

function checkAdf(note: Note): void {
  const document = renderAdf(note);
  Adf.parse(document);
  assert.doesNotMatch(JSON.stringify(document), CONTROL);
  assert.ok(JSON.stringify(document).length < 32_767);
}

function checkSlack(note: Note): void {
  const message = renderSlack(note);
  SlackBlocks.parse(message.blocks);
  // `\n` in our own places only: JSON writes it as two characters.
  assert.doesNotMatch(JSON.stringify(message), CONTROL);
  assert.doesNotMatch(message.text, /[<>\n]|&(?!(?:amp|lt|gt);)/);
}

function checkWiki(note: Note): void {
  const wiki = renderWiki(note);
  assert.ok(wiki.length < 32_767);
  assert.doesNotMatch(wiki.replaceAll("\n", ""), CONTROL);
  const ours =
    /^(?:Evidence from \{\{|Since then: |Answer: |bq\. |# |#\* (?:from )?\{\{|\* (?:\[Bundle\||\*Bundle\* |\[Report\||\*Report\* |Taken |Got |Then )|These are readings, not a diagnosis\. \{\{exhibit:[A-Za-z0-9._-]*\/\d\}\}$|$)/;
  for (const line of wiki.split("\n")) {
    assert.match(line, ours);
    if (line.startsWith("These are")) continue;
    const foreign = line
      .replace(/^(?:bq\. |# |#\* |\* )/, "")
      .replace(/^\[(?:Bundle|Report)\|https?:\/\/[^\s[\]|{}\\^*_+~!]*\]/, "")
      .replace(/^\*(?:Bundle|Report)\* /, "")
      .replaceAll(/&#\d+;/g, "")
      .replaceAll(/\{\{([^{}]*)\}\}/g, "$1");
    assert.doesNotMatch(foreign.replaceAll(/[().:;"?<>]/g, ""), /[{}[\]*_|!^~+#\\@&-]/, line);
  }
}

function checkChat(note: Note): void {
  for (const line of [renderChat(note), renderChatFollowUp(note)]) {
    assert.doesNotMatch(line, CONTROL);
    assert.doesNotMatch(line, /[\r\n\0]/);
    assert.ok(Buffer.byteLength(line) <= MAX_CHAT_BYTES, String(Buffer.byteLength(line)));
    assert.match(line, /\[exhibit:[A-Za-z0-9._-]*(?:\/\d|…)\]$/);
  }
}

function checkText(note: Note): void {
  assert.doesNotMatch(renderText(note).replaceAll("\n", ""), CONTROL);
}

const CHECKS = [checkText, checkMarkdown, checkHtml, checkAdf, checkSlack, checkWiki, checkChat];

/** How many strings a note holds. */
function countStrings(value: unknown): number {
  if (typeof value === "string") return 1;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce<number>((sum, one) => sum + countStrings(one), 0);
}

test("10,000 hostile strings bring no control character, mention or markup into any format", () => {
  let strings = 0;
  fc.assert(
    fc.property(hostileNote, (note) => {
      strings += countStrings(note);
      for (const check of CHECKS) check(note);
    }),
    { numRuns: 450, includeErrorInReport: true },
  );
  assert.ok(strings >= 10_000, `${strings} strings`);
});

const KNOWN = [
  "<!channel> <@U123> @here @all",
  "@kim look at org/repo#7 and #12, GH-3, !7 ~bug %v1 $9 &2 ^alert#1 :bug:",
  "{noformat}{code}[~kim] !image.png! h1. x",
  "h1. heading",
  "bq. quote",
  "`` ` ``` ~~~",
  "a\r\nPRIVMSG #chan :owned\r\nQUIT",
  "]]> --> <!-- exhibit:x/5 -->",
  "/close",
  "\u202egnp.exe\u2066",
  "x".repeat(1_000_000),
  "`".repeat(1_000_000),
  "<".repeat(1_000_000),
  "{".repeat(1_000_000),
  "",
  " ",
];

test("what is known to be taken for markup somewhere is none, in every place of the note", () => {
  for (const text of KNOWN) {
    const reading = { text, line: text, file: text };
    const note: Note = {
      ...sampleNote,
      target: text,
      host: text,
      mitigation: [text, text],
      reason: text,
      operator: text,
      readings: [reading, reading, reading, reading, reading],
      bundle: { ...sampleNote.bundle, url: text, keptUntil: text },
      report: `https://evidence.example.test/${text.slice(0, 50)}`,
      missing: Array.from({ length: 9 }, () => ({ name: text, status: "failed" as const, reason: text })),
      outcome: { state: "not-run", reason: text },
    };
    for (const check of CHECKS) check(note);
  }
});

test("a note of five readings has about 1,300 characters", () => {
  assert.ok(renderText(sampleNote).length < 1300);
});
