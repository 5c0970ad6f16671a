import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { renderMarkdown } from "../../src/incident/render-markdown.ts";
import { CONTROL, hostileNote } from "./hostile-note.ts";
import { sampleNote } from "./sample-note.ts";

/** The prose of one line: code spans taken out as CommonMark 6.1 pairs them. Fails when a run of backticks has no twin. */
function withoutCode(line: string): string {
  let prose = "";
  let at = 0;
  for (const opening = /\\[\\`]|`+/g; ; at = opening.lastIndex) {
    opening.lastIndex = at;
    const match = opening.exec(line);
    if (!match) return prose + line.slice(at);
    prose += line.slice(at, match.index);
    if (match[0].startsWith("\\")) {
      prose += match[0];
      continue;
    }
    const runs = [...line.slice(match.index + match[0].length).matchAll(/`+/g)];
    const closing = runs.find((run) => run[0].length === match[0].length);
    assert.ok(closing, `unbalanced backticks: ${line}`);
    opening.lastIndex = match.index + match[0].length + closing.index + closing[0].length;
  }
}

/** The lines outside of fences. A fence ends at a line of as many backticks or more (CommonMark 4.5). */
function outsideFences(markdown: string): readonly string[] {
  const outside: string[] = [];
  let fence: string | undefined;
  for (const line of markdown.split("\n")) {
    const opening = /^ {0,3}(`{3,})/.exec(line)?.[1];
    if (fence === undefined && opening !== undefined) fence = opening;
    else if (fence === undefined) outside.push(line);
    else if (opening !== undefined && opening.length >= fence.length && /^ *`+ *$/.test(line))
      fence = undefined;
  }
  assert.equal(fence, undefined, "a fence is left open");
  return outside;
}

test("the Markdown of a note holds what its text holds", () => {
  const markdown = renderMarkdown(sampleNote);

  assert.equal(
    markdown,
    `**Evidence from \`muskie@7\` on \`us-east-cn14\`, taken before: \`systemctl restart muskie@7\`**

> "Latency 4x since 02:55Z, about to restart" (kim)

Answer: Something speaks for a restart: what is wrong is kept in this process.

1. **812 sockets in CLOSE-WAIT to 10.2.7.31:2021; its twin 10.2.7.32 has 6.**
   \`\`\`text
   CLOSE-WAIT 1 0 10.2.3.17:41822 10.2.7.31:2021 users:(("node",pid=24113,fd=811))
   \`\`\`
   from \`evidence/sockets/ss.txt\`
2. **1,295 of 2,048 file descriptors open, +41 in 20 s.**
   from \`evidence/open-files/fds.txt\`

- **[Bundle](https://evidence.example.test/b/20261122T031207Z-cn14-muskie_7-4f2a91)** (152 MB, manifest sha256 \`5d0c41aa9e0bfe1c\`…, kept until 2027-02-20)
- **[Report](https://evidence.example.test/b/20261122T031207Z-cn14-muskie_7-4f2a91/report.html)**
- **Taken** 2026-11-22T03:12:07Z to 03:12:33Z; process stopped 3.4 s for core
- **Got** 9 of 10 collectors. Not complete: stacks (failed: needs CAP\\_SYS\\_ADMIN)
- **Then** \`systemctl restart muskie@7\` started 03:12:33Z, exit 0 after 2.1 s

These are readings, not a diagnosis.

<!-- exhibit:20261122T031207Z-cn14-muskie_7-4f2a91 -->
`,
  );
});

test("a raw line with a fence in it is fenced by a longer one", () => {
  const readings = [{ text: "x", line: "a ```` b ``` c", file: "f" }];

  const markdown = renderMarkdown({ ...sampleNote, readings });

  assert.match(markdown, /\n {3}`````text\n {3}a ```` b ``` c\n {3}`````\n/);
});

test("only addresses of the web become links", () => {
  for (const url of [
    "javascript:alert(1)",
    "/var/lib/exhibit/archive/x",
    "s3://bucket/x",
    "data:text/html,x",
  ])
    assert.ok(
      renderMarkdown({ ...sampleNote, bundle: { ...sampleNote.bundle, url } }).includes(
        `- **Bundle** \`${url}\``,
      ),
    );
});

test("hostile text is no markup, no control character and no line of its own in Markdown", () => {
  const ours =
    /^(?:\*\*Evidence from |Since then: |Answer: |> |\d\. \*\*| {3}from |- \*\*|These are readings, not a diagnosis\.$|<!-- exhibit:[A-Za-z0-9._-]* -->$|$)/;
  fc.assert(
    fc.property(hostileNote, (note) => {
      const markdown = renderMarkdown(note);

      assert.doesNotMatch(markdown.replaceAll("\n", ""), CONTROL);
      assert.ok(markdown.length <= 4000);
      const lines = outsideFences(markdown);
      for (const line of lines) {
        assert.match(line, ours);
        if (line.startsWith("<!-- exhibit:")) continue;
        const prose = withoutCode(line)
          .replace(/\\[\\`*_[\]<>|~&$#!:.+=-]/g, "x")
          .replace(/^(?:> |\d\. |- )/, "")
          .replace(/\*\*|\[(?:Bundle|Report)\]\(https?:\/\/[^\s()<>[\]\\`]*\)/g, "");
        assert.doesNotMatch(prose, /[`*_[\]<>|~&$#!]|:\/\/|www\./i, line);
        assert.doesNotMatch(prose, /^(?:[+=-]|\d{1,9}[.)])/, line);
      }
      assert.equal(lines.filter((line) => line.startsWith("<!-- exhibit:")).length, 1);
    }),
    { numRuns: 400 },
  );
});
