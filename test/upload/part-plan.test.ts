import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BUFFERED_PART_BYTES,
  OBJECT_LIMIT_BYTES,
  PART_BYTES,
  PART_LIMIT_BYTES,
  PARTS_LIMIT,
  partBytes,
  planParts,
  type PartPlan,
} from "../../src/upload/part-plan.ts";

const GIB = 1024 ** 3;
const LEAST = 5 * 1024 ** 2;

/** How many parts an object takes, and how large the largest is; undefined when it does not fit. */
function cut(
  plan: PartPlan,
  bytes: number,
): { readonly parts: number; readonly largest: number } | undefined {
  let [at, largest] = [0, 0];
  for (let number = 1; at < bytes; number++) {
    const size = partBytes(plan, number);
    if (size === undefined) return undefined;
    largest = Math.max(largest, size);
    at += size;
    if (at >= bytes) return { parts: number, largest };
  }
  return { parts: 0, largest };
}

test("an object of any size that S3 takes fits into 10,000 parts of 5 MiB to 5 GiB, its size known or not", () => {
  const sizes = [1, PART_BYTES, 20 * GIB, 154 * GIB, 156 * GIB, 157 * GIB, 1024 * GIB, OBJECT_LIMIT_BYTES];
  for (const bytes of sizes)
    for (const plan of [planParts(bytes), planParts()]) {
      const found = cut(plan, bytes);
      assert.ok(found && found.parts <= PARTS_LIMIT, `${bytes}`);
      assert.ok(found.largest >= LEAST && found.largest <= PART_LIMIT_BYTES, `${bytes}`);
    }
  assert.equal(partBytes(planParts(), PARTS_LIMIT + 1), undefined);
  assert.equal(partBytes(planParts(1), PARTS_LIMIT + 1), undefined);
});

test("parts are sent from memory of constant size up to 150 GiB, and are 16 MiB wherever that is possible", () => {
  assert.deepEqual(cut(planParts(150 * GIB), 150 * GIB), { parts: 9600, largest: PART_BYTES });
  assert.equal(cut(planParts(), 60 * GIB)?.largest, PART_BYTES);
  assert.equal(cut(planParts(), 150 * GIB)?.largest, BUFFERED_PART_BYTES);
});

test("a known size is cut evenly, and what comes in spite of a bound still fits", () => {
  assert.deepEqual(cut(planParts(OBJECT_LIMIT_BYTES), OBJECT_LIMIT_BYTES), {
    parts: 9638,
    largest: 544 * 1024 ** 2,
  });
  assert.ok(cut(planParts(150 * GIB), 300 * GIB));
});
