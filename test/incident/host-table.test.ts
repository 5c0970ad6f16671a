// The note about many hosts, in every format: one row a host whatever is in its cells, and what does not fit is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { parseFragment, type DefaultTreeAdapterMap } from "parse5";
import type { Note, NoteHost } from "../../src/incident/note.ts";
import { renderAdf } from "../../src/incident/render-adf.ts";
import { MAX_CHAT_BYTES, renderChat } from "../../src/incident/render-chat.ts";
import { renderHtml } from "../../src/incident/render-html.ts";
import { renderMarkdown } from "../../src/incident/render-markdown.ts";
import { renderSlack } from "../../src/incident/render-slack.ts";
import { renderText } from "../../src/incident/render-text.ts";
import { renderWiki } from "../../src/incident/render-wiki.ts";
import { renderEvent } from "../../src/incident/webhook-event.ts";
import { Adf } from "../helpers/contracts/adf.ts";
import { SlackBlocks } from "../helpers/contracts/slack-blocks.ts";
import { CONTROL, hostileText } from "./hostile-note.ts";
import { sampleNote } from "./sample-note.ts";

type Node = DefaultTreeAdapterMap["node"];

function noteOf(hosts: readonly NoteHost[], total = hosts.length): Note {
  return {
    ...sampleNote,
    captureId: "20261122T031207Z-4f2a91",
    made: { by: "fleet", counts: `${total} done`, total, hosts, isOver: true },
    readings: [],
    bundle: { ...sampleNote.bundle, url: "", uploaded: false, bytes: undefined, manifestSha256: undefined },
    report: undefined,
    outcome: undefined,
    missing: [],
  };
}

function elements(node: Node, name: string): readonly Node[] {
  const below = "childNodes" in node ? node.childNodes.flatMap((child) => elements(child, name)) : [];
  return node.nodeName === name ? [node, ...below] : below;
}

/** The number of cells of each row. */
function cellsOf(html: string): readonly number[] {
  return elements(parseFragment(html), "tr").map((row) =>
    "childNodes" in row ? row.childNodes.filter(({ nodeName }) => /^t[dh]$/.test(nodeName)).length : 0,
  );
}

const SAMPLE: readonly NoteHost[] = [
  { name: "cn16", service: "moray", state: "failed", url: undefined, reason: "exhibit is not there" },
  { name: "cn14", service: "muskie", state: "done", url: "https://e.example.test/b/1", reason: undefined },
];

test("the note of a job has a row for each host, and no bundle of its own", () => {
  assert.equal(
    renderMarkdown(noteOf(SAMPLE)).split("\n").slice(4, 12).join("\n"),
    [
      "Answer: Something speaks for a restart: what is wrong is kept in this process.",
      "",
      "| Host | Service | State | Evidence |",
      "| --- | --- | --- | --- |",
      "| `cn16` | moray | failed | exhibit is not there |",
      "| `cn14` | muskie | done | [bundle](https://e.example.test/b/1) |",
      "",
      "- **Taken** 2026-11-22T03:12:07Z to 03:12:33Z",
    ].join("\n"),
  );
  assert.match(renderMarkdown(noteOf(SAMPLE)), /^\*\*Evidence from `muskie@7` on 2 hosts, taken before/);
  assert.match(renderText(noteOf(SAMPLE)), /\ncn14 {2}muskie {3}done {4}https:\/\/e\.example\.test\/b\/1\n/);
  assert.match(renderChat(noteOf(SAMPLE)), /: 2 done \[exhibit:20261122T031207Z-4f2a91\/4\]$/);
  assert.match(
    renderWiki(noteOf(SAMPLE)),
    /\n\|\{\{cn14\}\}\|muskie\|done\|\[bundle\|https:\/\/e\.example\.test\/b\/1\]\|\n/,
  );
});

test("whatever stands in a cell, every format has four cells a row and nothing else of it", () => {
  const anyHost = fc.record({
    name: fc.stringMatching(/^[A-Za-z0-9._@:-]{1,30}$/),
    service: hostileText,
    state: fc.constantFrom("done", "failed"),
    url: fc.option(
      fc.oneof(
        hostileText,
        hostileText.map((text) => `https://e.example.test/${text}`),
      ),
      { nil: undefined },
    ),
    reason: fc.option(hostileText, { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(anyHost, { minLength: 1, maxLength: 4 }), (hosts) => {
      const note = noteOf(hosts);
      const four = Array.from({ length: hosts.length + 1 }, () => 4);

      const html = micromark(renderMarkdown(note), {
        extensions: [gfm()],
        htmlExtensions: [gfmHtml()],
        allowDangerousHtml: true,
      });
      assert.deepEqual(cellsOf(html), four);
      assert.equal(elements(parseFragment(html), "script").length, 0);
      assert.deepEqual(cellsOf(renderHtml(note)), four);
      assert.equal(elements(parseFragment(renderHtml(note)), "script").length, 0);
      const adf = renderAdf(note);
      Adf.parse(adf);
      const rows = adf.content.find(({ type }) => type === "table")?.content ?? [];
      assert.deepEqual(
        rows.map(({ content }) => content?.length),
        four,
      );
      SlackBlocks.parse(renderSlack(note).blocks);
      const rowsOfWiki = renderWiki(note)
        .split("\n")
        .filter((line) => /^\|[^|]/.test(line));
      assert.deepEqual(
        rowsOfWiki.map((line) => line.replaceAll(/\[bundle\|[^\]]*\]/g, "").split("|").length - 2),
        four.slice(1),
      );
      assert.ok(Buffer.byteLength(renderChat(note)) <= MAX_CHAT_BYTES);
      for (const text of [renderText(note), renderWiki(note), renderMarkdown(note), renderHtml(note)])
        assert.doesNotMatch(text.replaceAll("\n", ""), CONTROL);
    }),
    { numRuns: 100 },
  );
});

test("many hosts are cut to what a format takes, and how many are not told is told", () => {
  const hosts = Array.from({ length: 500 }, (_, at): NoteHost => ({
    name: `cn${at}`,
    service: "muskie",
    state: "done",
    url: `https://evidence.example.test/b/20261122T031207Z-cn${at}-muskie_7-4f2a91`,
    reason: undefined,
  }));
  const note = noteOf(hosts);

  const markdown = renderMarkdown(note);
  const shown = markdown.match(/^\| `cn/gm)?.length ?? 0;
  assert.ok(markdown.length <= 4000 && shown >= 15, String(shown));
  assert.match(markdown, new RegExp(`^and ${500 - shown} more`, "m"));
  assert.ok(JSON.stringify(renderAdf(note)).length < 32_767);
  assert.ok(Buffer.byteLength(renderEvent(note, "INC-4211")) < 20_000);
});
