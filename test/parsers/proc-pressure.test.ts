import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePressure } from "../../src/parsers/proc-pressure.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("both lines of a recorded pressure file are read", () => {
  const pressure = parsePressure(fixture("linux/host/pressure-memory.txt"));

  const calm = { avg10: 0, avg60: 0, avg300: 0, totalUs: 0 };
  assert.deepEqual(pressure, { some: calm, full: calm });
});

test("a file without the line `full` leaves it absent", () => {
  const pressure = parsePressure("some avg10=23.45 avg60=1.00 avg300=0.10 total=99\n");

  assert.deepEqual(pressure, { some: { avg10: 23.45, avg60: 1, avg300: 0.1, totalUs: 99 } });
});

test("a cut line is unknown, not zero", () => {
  const pressure = parsePressure("some avg10=23.45 avg60=");

  assert.deepEqual(pressure, {});
});

test("any text is read without a throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), (text) => {
      parsePressure(text);
    }),
  );
});
