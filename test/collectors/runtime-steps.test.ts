import assert from "node:assert/strict";
import { test } from "node:test";
import { joinSteps, summarizeCollections } from "../../src/collectors/runtime/incremental-steps.ts";
import type { TracedLines } from "../../src/collectors/inspection.ts";
import { gcShare } from "../../src/readings/rules/gc-share.ts";
import { readEvidence } from "../../src/readings/evidence.ts";
import { judgeBy } from "../../src/readings/judge.ts";

/** When its isolate began. */
const BEGAN = 1_790_000_000_000;
type Collection = [startUnixMs: number, kind: string, ms: number, flags: number];

const major = (endedAtMs: number, ms: number): Collection => [BEGAN + endedAtMs - ms, "major", ms, 0];
const minor = (endedAtMs: number, ms: number): Collection => [BEGAN + endedAtMs - ms, "minor", ms, 0];
/** A line, seen so many milliseconds after it was written. */
function line(atMs: number, steps: number, late = 3): TracedLines["lines"][number] {
  const marking = `(+ ${steps.toFixed(1)} ms in 9 steps since start of marking, biggest step 0.1 ms)`;
  const text = `[1:0x1000]  ${atMs} ms: Mark-Compact 9.0 (9.0) -> 8.0 (9.0) MB, 20.00 / 0.00 ms  ${marking}`;
  return { text, seenUnixMs: BEGAN + atMs + late };
}

function join(collections: readonly Collection[], taken: Partial<TracedLines>) {
  const joined = joinSteps({ take: () => ({ lines: [], breaks: 0, unknown: undefined, ...taken }) });
  joined.add([...collections]);
  return joined;
}
const PAUSES = { windowMs: 2000, count: 3, pauseMs: 200, longestMs: 90, otherMs: 8 };

test("the steps before each major collection are a part of the share, and what V8 does not count is not", () => {
  const joined = join([minor(500, 4), major(1000, 20), major(1800, 21)], {
    lines: [line(1000, 12.5), line(1800, 7.5)],
  });

  assert.deepEqual(joined.steps(), { ms: 20, majors: 2, known: 2, unknown: undefined });
  assert.deepEqual(summarizeCollections(PAUSES, joined.steps()), {
    share_pct: 11,
    counts: "pauses and incremental steps",
    pause_ms: 200,
    count: 3,
    max_pause_ms: 90,
    incremental_ms: 20,
    major_count: 2,
    major_count_with_steps: 2,
    incremental_unknown: undefined,
    not_counted_ms: 8,
  });
});

test("a line that was written before the window, or after it, is not counted", () => {
  const joined = join([major(1000, 20)], { lines: [line(400, 100), line(1000, 5, 40), line(1500, 100)] });

  assert.deepEqual(joined.steps(), { ms: 5, majors: 1, known: 1, unknown: undefined });
});

test("collections whose line was not seen in time make the share a lower bound, and it says so", () => {
  const { steps } = join([major(1000, 20), major(1300, 20), major(1800, 20)], { lines: [line(1300, 5)] });

  assert.deepEqual([steps().ms, steps().known, steps().majors], [5, 1, 3]);
  assert.match(steps().unknown ?? "", /not seen in time/);
});

test("without V8's lines the steps are unknown, never 0", () => {
  const joined = join([major(1000, 20)], { unknown: "its memory may not be read" });
  const summary = summarizeCollections(PAUSES, joined.steps());

  assert.equal(joined.text(), "");
  assert.equal(summary.counts, "pauses, without incremental steps");
  assert.equal(summary.incremental_ms, undefined);
  assert.equal(summary.incremental_unknown, "its memory may not be read");
  assert.equal(summary.share_pct, 10);
});

test("a window without a major collection has no steps to tell of", () => {
  const { steps } = join([minor(500, 4)], { unknown: "V8's lines about it were not found" });

  assert.deepEqual(steps(), { ms: 0, majors: 0, known: 0, unknown: undefined });
});

test("lines without end are kept up to a bound", () => {
  const lines = Array.from({ length: 30_000 }, (_, index) => line(index, 1));

  assert.equal(join([], { lines }).text().trim().split("\n").length, 20_000);
});

/** What the reading says of such a summary. */
async function readingOf(gc: object): Promise<string | undefined> {
  const summary = {
    method: "inspector",
    window_ms: 10_000,
    gc: { share_pct: 20, count: 118, max_pause_ms: 31.7, ...gc },
    nodejs: { eventloop: { turned: true } },
  };
  const evidence = await readEvidence(
    async (path) =>
      path === "evidence/runtime/summary.json" ? Buffer.from(JSON.stringify(summary)) : undefined,
    {},
  );
  return judgeBy(gcShare, evidence)[0]?.text;
}
const PLAIN = "Garbage collection took 20% of 10 s: 118 pauses of the main thread, the longest 31.7 ms";

test("the reading tells what the share counts", async () => {
  const all = { incremental_ms: 412.34, major_count: 5, major_count_with_steps: 5 };

  assert.equal(await readingOf(all), `${PLAIN}, and 412.3 ms of incremental marking.`);
  assert.equal(
    await readingOf({ ...all, major_count_with_steps: 4 }),
    `${PLAIN}, and 412.3 ms of incremental marking; the incremental marking of one major collection is not in it.`,
  );
  assert.equal(
    await readingOf({ major_count: 5, major_count_with_steps: 0 }),
    `${PLAIN}; the incremental marking of 5 major collections is not in it.`,
  );
  assert.equal(
    await readingOf({ incremental_ms: 0, major_count: 0, major_count_with_steps: 0 }),
    `${PLAIN}.`,
  );
  assert.equal(await readingOf({}), `${PLAIN}.`, "an older summary");
});
