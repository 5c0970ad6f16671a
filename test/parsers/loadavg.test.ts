import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseLoadavg } from "../../src/parsers/loadavg.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("the averages and the tasks are read", () => {
  const load = parseLoadavg("31.07 7.50 0.07 18/1204 6404\n");

  assert.deepEqual(load, { load1: 31.07, load5: 7.5, load15: 0.07, runnable: 18, tasks: 1204 });
});

test("a cut line is unknown", () => {
  assert.equal(parseLoadavg("31.07 7.50 0."), undefined);
});

test("any text is read without a throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), (text) => {
      parseLoadavg(text);
    }),
  );
});
