// Slow: kills or strangers by the hundred; not part of npm run test:quick.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Outcome } from "../../src/bundle/after-seal.ts";
import { Manifest } from "../../src/bundle/manifest.ts";
import { renderReport } from "../../src/report/page.ts";
import { captureId, evidenceOf, manifestOf } from "./sample.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

const TAG = /^<(\/?)(!doctype|[a-z][a-z0-9]*)((?: [a-z][a-z0-9-]*="[^"<>]*")*)( ?\/?)>/i;

/** Every tag with the names of its attributes, in order. Fails on a `<` or an `&` that is not what we write ourselves. */
function tagsOf(page: string): readonly string[] {
  const text = page.replace(/<style>[^<]*<\/style>/, "").replace("<!doctype html>", "");
  const tags: string[] = [];
  for (let at = text.indexOf("<"); at !== -1; at = text.indexOf("<", at + 1)) {
    const tag = TAG.exec(text.slice(at, at + 60_000).replace(/\s+/g, " "));
    assert.ok(tag, `no tag of ours: ${text.slice(at, at + 80)}`);
    const [, slash = "", name = "", attributes = ""] = tag;
    tags.push(
      `${slash}${name} ${[...attributes.matchAll(/ ([a-z][a-z0-9-]*)="/gi)].map((match) => match[1]).join(" ")}`,
    );
  }
  assert.doesNotMatch(text, /&(?!amp;|lt;|gt;|quot;|#39;)/);
  return tags;
}

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ..."<script>alert(1)</script>|</title>|</style>|<!--|]]>|\"|' onload='|\"><img src=x>|&lt;|&#60;|`|${x}|javascript:x|</pre>|<svg>|\u0000|\u001b[31m|\n|\u202e|\ud800".split(
          "|",
        ),
      ),
      fc.string({ maxLength: 20, unit: CODE_POINT }),
      fc.string({ minLength: 2000, maxLength: 3000 }),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => parts.join(""))
  // An empty raw line has no box of its own: that is a choice of ours, and nothing that a stranger's text can do.
  .filter((text) => text !== "");

describe("the report page", () => {
  test("has the same tags whatever strangers wrote", async () => {
    const plain = tagsOf(
      renderReport(
        manifestOf(() => "x"),
        { evidence: await evidenceOf(() => "x") },
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(hostile), async (stream) => {
        const say = () => String(stream.next().value);
        const page = renderReport(manifestOf(say), { evidence: await evidenceOf(say) });

        assert.deepEqual(tagsOf(page), plain);
        assert.doesNotMatch(page.replaceAll("\n", ""), /\p{Cc}|\p{Cs}|[\u200b-\u200f\u2028-\u202e\ufeff]/u);
      }),
      { numRuns: 12 },
    );
  });

  test("runs nothing and fetches nothing", () => {
    const page = renderReport(manifestOf(() => "x"));

    assert.match(
      page,
      /<meta\s+http-equiv="Content-Security-Policy"\s+content="default-src &#39;none&#39;; style-src/,
    );
    assert.doesNotMatch(page, /<script|<link|<img|<iframe|\son[a-z]+=|@import|(?:src|href)="(?!evidence\/)/i);
  });

  test("links only to files of the manifest", () => {
    const page = renderReport(manifestOf(() => "../../etc/passwd"));

    const links = [...page.matchAll(/href="([^"]*)"/g)].map((match) => match[1]);
    assert.deepEqual(new Set(links), new Set(["evidence/sockets/ss.txt", "evidence/core/core.24113.zst"]));
  });

  test("shows every collector with its status, reason, time and pause", () => {
    const page = renderReport(manifestOf(() => "needs CAP_SYS_ADMIN")).replace(/\s+/g, " ");

    for (const expected of [
      "3 of 5",
      "stopped 3.4 s",
      ">failed<",
      "skipped: needs CAP_SYS_ADMIN",
      "+20.5 s",
      "holds memory",
      "5d".repeat(32),
    ])
      assert.ok(page.includes(expected), expected);
  });

  test("marks the moment the mitigation began when it is known", () => {
    const manifest = manifestOf(() => "x");
    const outcome: Outcome = {
      schemaVersion: 1,
      captureId,
      argv: ["x"],
      startedAt: "2026-11-22T03:12:33.400Z",
    };

    assert.ok(renderReport(manifest, { outcome }).includes("mitigation began"));
    assert.ok(!renderReport(manifest).includes("mitigation began"));
  });

  test("counts the mitigation from where the collectors count: it begins after what was taken before it", () => {
    const { collectors, ...manifest } = manifestOf(() => "x");
    // The command was two seconds old when its bundle began.
    const [first] = collectors;
    assert.ok(first);
    const timed = {
      ...first,
      status: "ok" as const,
      startedAt: "2026-11-22T03:12:10.000Z",
      startedMonotonicMs: 3000,
      durationMs: 5000,
    };
    const outcome: Outcome = {
      schemaVersion: 1,
      captureId,
      argv: ["x"],
      startedAt: "2026-11-22T03:12:15.500Z",
    };

    const page = renderReport(
      { ...manifest, startedAt: "2026-11-22T03:12:09.000Z", durationMs: 8000, collectors: [timed] },
      { outcome },
    );

    const svg = page.slice(page.indexOf('class="timeline"'));
    const bar = /<rect\s+x="([\d.]+)"\s+y="\d+"\s+width="([\d.]+)"/.exec(svg.slice(svg.indexOf("</defs>")));
    const mark = /<line\s+x1="([\d.]+)"\s+x2="[\d.]+"\s+y1="0"/.exec(svg);
    assert.ok(Number(mark?.[1]) > Number(bar?.[1]) + Number(bar?.[2]), `${mark?.[0]} ${bar?.[0]}`);
  });

  test("says what is not known, and never shows it as zero", () => {
    const { pausedMs: _pausedMs, ...manifest } = manifestOf(() => "x");

    const page = renderReport({ ...manifest, collectors: [], readings: [], files: [] }).replace(/\s+/g, " ");

    assert.match(page, /not known<\/span><\/b ?>\s*process stopped/);
    assert.match(page, /clock offset not known/);
  });

  test("is made of manifests that are valid", () => {
    assert.ok(Manifest.safeParse(manifestOf(() => "x")).success);
  });
});
