import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST_WAITED_MS, retryInMs } from "../../src/upload/back-off.ts";

const AT = "2026-11-22T03:12:07.000Z";
const NOW = Date.parse(AT);
const failures = (count: number) => Array.from({ length: count }, () => ({ at: AT }));
const at = (count: number, more: Partial<Parameters<typeof retryInMs>[1]> = {}) =>
  retryInMs(failures(count), { chance: 1, nowMs: NOW, ...more });

test("it waits 1 s after the first failure, twice as long after each other, 5 minutes at most", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 9, 10, 1000].map((count) => at(count)),
    [0, 1000, 2000, 4000, 256_000, 300_000, 300_000],
  );
});

test("chance takes up to half of it away, and what has passed since counts", () => {
  assert.equal(at(3, { chance: 0 }), 2000);
  assert.equal(at(3, { nowMs: NOW + 1500 }), 2500);
  assert.equal(at(3, { nowMs: NOW + 60_000 }), 0);
});

test("a person waits for seconds only, and a clock that was set back makes nobody wait for ever", () => {
  assert.equal(at(50, { longestMs: LONGEST_WAITED_MS }), LONGEST_WAITED_MS);
  assert.equal(at(1, { nowMs: NOW - 86_400_000 }), 300_000);
});
