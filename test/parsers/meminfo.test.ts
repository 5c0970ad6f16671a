import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseMeminfo } from "../../src/parsers/meminfo.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("kilobytes of a recorded /proc/meminfo become bytes, and counts of pages are left out", () => {
  const memory = parseMeminfo(fixture("linux/host/meminfo.txt"));

  assert.deepEqual(
    [memory.get("MemTotal"), memory.get("SwapTotal"), memory.get("HugePages_Total")],
    [25_276_502_016, 0, undefined],
  );
});

test("a key with brackets is one key", () => {
  const memory = parseMeminfo("Active(anon):       12 kB\n");

  assert.deepEqual([...memory], [["Active(anon)", 12_288]]);
});

test("any text is read without a throw, and only whole numbers come out", () => {
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), (text) =>
      [...parseMeminfo(text).values()].every(Number.isSafeInteger),
    ),
  );
});
