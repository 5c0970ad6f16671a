import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseTimespanMs } from "../../src/parsers/timespan.ts";

test("a time span is read as systemd 252 prints it", () => {
  const printed = ["1min 30s", "500ms", "infinity", "0", "1d 2h", "1.5s", "250us"];

  assert.deepEqual(printed.map(parseTimespanMs), [90_000, 500, Infinity, 0, 93_600_000, 1500, 0.25]);
});

test("anything else is no time span, and never throws", () => {
  for (const text of ["", "90", "1 min", "min", "-1s", "1x"]) assert.equal(parseTimespanMs(text), undefined);
  fc.assert(fc.property(fc.string(), (text) => typeof parseTimespanMs(text) !== "string"));
});
