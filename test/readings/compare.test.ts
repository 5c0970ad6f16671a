import assert from "node:assert/strict";
import { test } from "node:test";
import { compareSides, type Side } from "../../src/readings/compare.ts";
import { comparisonText } from "../../src/readings/comparison-text.ts";
import { movedVitals } from "../../src/readings/differences.ts";
import type { Evidence } from "../../src/readings/evidence.ts";

const file = "evidence/process/status.txt";

/** A process that was seen with this much memory, and nothing else of it. */
const seen = (residentBytes: number): Evidence => ({
  process: {
    state: undefined,
    waitsIn: undefined,
    status: undefined,
    residentBytes: { value: residentBytes, file },
    swapBytes: undefined,
    threads: undefined,
    executable: undefined,
    limits: new Map(),
    ageSeconds: undefined,
    restarts: undefined,
  },
  descriptors: {
    open: { value: 10, file },
    limit: undefined,
    types: new Map(),
    filesystems: [],
    deletedFiles: undefined,
  },
});

const symptom = (id: string, value: number, collector = "process") => ({
  id,
  value,
  collector,
  sureness: "likely" as const,
  speaksFor: "restart" as const,
});

const side = (readings: Side["readings"], evidence = seen(100e6)): Side => ({ evidence, readings });

test("what stood out and does no more is fixed, with the numbers side by side", () => {
  const comparison = compareSides(side([symptom("memory-growing", 5)], seen(2.5e9)), side([], seen(200e6)));

  assert.equal(comparison.verdict, "fixed");
  assert.equal(comparisonText(comparison), "Fixed: RSS 2.5 GB -> 200 MB (gone: memory-growing)");
});

const verdictOf = (before: Side["readings"], after: Side["readings"]) =>
  compareSides(side(before), side(after)).verdict;

test("what stays is not fixed, what grew by half or is new is worse", () => {
  const [a, b] = [symptom("a", 10), symptom("b", 10)];

  assert.equal(verdictOf([a], [a]), "not-fixed");
  assert.equal(verdictOf([a], [symptom("a", 14)]), "not-fixed");
  assert.equal(verdictOf([a], [symptom("a", 16)]), "worse");
  assert.equal(verdictOf([a], [a, b]), "worse");
  assert.equal(verdictOf([], [b]), "worse");
  assert.equal(verdictOf([a], [b]), "not-fixed");
  assert.equal(verdictOf([a, b], [b]), "not-fixed");
});

test("what could not be seen the second time is not gone", () => {
  const blind = compareSides(side([symptom("gc-share", 41, "runtime")]), side([]));
  const absent = compareSides(side([symptom("a", 1)]), side([], {}));
  const unseenBefore = compareSides(side([]), side([symptom("gc-share", 41, "runtime")]));

  assert.deepEqual([blind.verdict, blind.unseen, blind.gone], ["unknown", ["gc-share"], []]);
  assert.equal(absent.verdict, "unknown");
  assert.deepEqual([unseenBefore.verdict, unseenBefore.appeared], ["unknown", []]);
});

test("hints and what tells of any process are no symptoms", () => {
  const hint = { ...symptom("a", 10), sureness: "hint" as const };
  const old = { id: "b", value: 3, collector: "process" };
  const { verdict, text } = compareSides(side([hint, old, symptom("thread-cpu", 90)]), side([]));

  assert.deepEqual([verdict, text], ["unknown", "nothing had stood out before"]);
});

const vital = (unit: string, before: number | undefined, after: number) => ({
  id: unit,
  label: unit,
  unit,
  before,
  after,
});

test("a number that moved by less than a fifth, or hardly at all, is noise", () => {
  const moved = movedVitals([
    vital("percent", 1, 4),
    vital("bytes", 100e6, 110e6),
    vital("count", undefined, 500),
    vital("ms", 10, 30),
  ]);

  assert.deepEqual(
    moved.map(({ id }) => id),
    ["ms"],
  );
});
