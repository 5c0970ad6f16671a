import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeBuckets, percentile } from "../../src/parsers/latency-histogram.ts";

/** As the observers do it. */
const bucketOf = (ms: number) => (1 + Math.log2(ms * 1000) * 16) | 0;

test("a percentile is at most 3 % from the value that it stands for", () => {
  for (const ms of [0.01, 0.5, 3, 27, 812, 40_000]) {
    const value = percentile([[bucketOf(ms), 5]], 0.95) ?? 0;

    assert.ok(Math.abs(value - ms) / ms < 0.03, `${value} for ${ms}`);
  }
});

test("of many values the one in the middle is found, and nothing in none", () => {
  const buckets = mergeBuckets([
    [[bucketOf(1), 50]],
    [
      [bucketOf(100), 40],
      [bucketOf(1), 9],
    ],
  ]);

  assert.ok((percentile(buckets, 0.5) ?? 0) < 1.1);
  assert.ok((percentile(buckets, 0.9) ?? 0) > 90);
  assert.equal(percentile([], 0.5), undefined);
});
