import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseKeyValues } from "../../src/parsers/key-values.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("the counters of a recorded cpu.stat are read", () => {
  const values = parseKeyValues(fixture("linux/host/cgroup1-cpu.stat-after.txt"));

  assert.deepEqual(
    [...values],
    [
      ["nr_periods", 22],
      ["nr_throttled", 22],
      ["throttled_time", 1_691_850_682],
      ["nr_bursts", 0],
      ["burst_time", 0],
    ],
  );
});

test("a recorded /proc/vmstat gives every line", () => {
  const text = fixture("linux/host/vmstat.txt");

  const values = parseKeyValues(text);

  assert.equal(values.size, text.trim().split("\n").length);
});

test("numbers that are not exact, signs and other shapes are left out, and no key reaches a prototype", () => {
  const values = parseKeyValues("big 18446744073709551615\nminus -1\nthree 1 2\n__proto__ 7\nword x\n");

  assert.deepEqual([...values], [["__proto__", 7]]);
});

test("any text is read without a throw, and only whole numbers come out", () => {
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), (text) =>
      [...parseKeyValues(text).values()].every(Number.isSafeInteger),
    ),
  );
});
