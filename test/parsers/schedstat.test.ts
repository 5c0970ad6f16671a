import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSchedstat } from "../../src/parsers/schedstat.ts";

test("schedstat has nanoseconds on a CPU, nanoseconds waiting for one, and turns", () => {
  assert.deepEqual(parseSchedstat("1049173 108241 4\n"), { runNs: 1_049_173, waitNs: 108_241, slices: 4 });
});

test("three zeros are what a kernel prints that does not count: unknown", () => {
  assert.equal(parseSchedstat("0 0 0\n"), undefined);
});

test("the parser of schedstat never throws, and knows nothing of anything else", () => {
  fc.assert(fc.property(fc.string(), (text) => assert.equal(parseSchedstat(`x${text}`), undefined)));
});
