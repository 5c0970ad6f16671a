import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { renderText } from "../../src/incident/render-text.ts";
import { CONTROL, hostileNote } from "./hostile-note.ts";
import { sampleNote } from "./sample-note.ts";

test("the text of a note tells what, where, readings, links, gaps and outcome, in that order", () => {
  const text = renderText(sampleNote);

  assert.equal(
    text,
    `Evidence from muskie@7 on us-east-cn14, taken before: systemctl restart muskie@7
"Latency 4x since 02:55Z, about to restart" (kim)

Answer: Something speaks for a restart: what is wrong is kept in this process.

1. 812 sockets in CLOSE-WAIT to 10.2.7.31:2021; its twin 10.2.7.32 has 6.
     CLOSE-WAIT 1 0 10.2.3.17:41822 10.2.7.31:2021 users:(("node",pid=24113,fd=811))
     from evidence/sockets/ss.txt
2. 1,295 of 2,048 file descriptors open, +41 in 20 s.
     from evidence/open-files/fds.txt

Bundle  https://evidence.example.test/b/20261122T031207Z-cn14-muskie_7-4f2a91
        152 MB, manifest sha256 5d0c41aa9e0bfe1c…, kept until 2027-02-20
Report  https://evidence.example.test/b/20261122T031207Z-cn14-muskie_7-4f2a91/report.html
Taken   2026-11-22T03:12:07Z to 03:12:33Z; process stopped 3.4 s for core
Got     9 of 10 collectors. Not complete: stacks (failed: needs CAP_SYS_ADMIN)
Then    systemctl restart muskie@7 started 03:12:33Z, exit 0 after 2.1 s

These are readings, not a diagnosis. [exhibit:20261122T031207Z-cn14-muskie_7-4f2a91/5]
`,
  );
});

test("an unknown pause is never told as none", () => {
  assert.match(
    renderText({ ...sampleNote, pausedMs: undefined }),
    /how long the process was stopped is not known/,
  );
  assert.match(renderText({ ...sampleNote, pausedMs: 0, pausedFor: [] }), /the process was not stopped/);
});

test("a mitigation that runs, was not run, or was killed is told as such", () => {
  const startedAt = "2026-11-22T03:12:33Z";
  const ended = {
    state: "ended",
    startedAt,
    durationMs: 60_000,
    exitCode: undefined,
    signal: "SIGKILL",
  } as const;

  assert.match(
    renderText({ ...sampleNote, outcome: { state: "running", startedAt } }),
    /started 03:12:33Z, running\n/,
  );
  assert.match(
    renderText({ ...sampleNote, outcome: { state: "not-run", reason: "stopped by you" } }),
    /was not run: stopped by you\n/,
  );
  assert.match(renderText({ ...sampleNote, outcome: ended }), /ended by SIGKILL after 1 min 0 s\n/);
  assert.match(
    renderText({ ...sampleNote, outcome: { ...ended, signal: undefined } }),
    /exit status not known/,
  );
});

test("hostile text brings no control character, no line and no length into the text form", () => {
  const ours =
    /^(?:Evidence from |Since then: |Answer: |"|Taken by |\d\. | {5}|Bundle {2}| {8}|Report {2}|Taken {3}|Got {5}|Then {4}|These are readings|$)/;
  fc.assert(
    fc.property(hostileNote, (note) => {
      const text = renderText(note);

      assert.doesNotMatch(text.replaceAll("\n", ""), CONTROL);
      assert.ok(text.length <= 4000);
      assert.match(text, /\[exhibit:[A-Za-z0-9._-]*\/\d\]\n$/);
      for (const line of text.split("\n")) assert.match(line, ours);
    }),
    { numRuns: 300 },
  );
});
