import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseGcore } from "../../src/parsers/gcore.ts";
import { fixture } from "../helpers/recorded.ts";

test("gcore names every file it wrote", () => {
  assert.deepEqual(parseGcore(fixture("illumos/gcore/ok-two.txt")), {
    dumped: ["/cores/core.41207", "/cores/core.41208"],
    refused: [],
    failed: [],
  });
});

test("gcore's refusals keep pid and reason", () => {
  const reasons = ["permission", "traced", "zombie"].map(
    (name) => parseGcore(fixture(`illumos/gcore/err-${name}.txt`)).refused,
  );

  assert.deepEqual(reasons.flat(), [
    { pid: "1234", reason: "permission denied" },
    { pid: "1234", reason: "process is traced" },
    { pid: "1234", reason: "zombie process" },
  ]);
});

test("a dump that failed half way is not one that was written", () => {
  const output = parseGcore(fixture("illumos/gcore/err-nospace.txt"));

  assert.deepEqual(output.dumped, []);
  assert.deepEqual(output.failed, [{ file: "/cores/core.41207", reason: "No space left on device" }]);
});

test("a remark that is no outcome is none", () => {
  assert.deepEqual(parseGcore(fixture("illumos/gcore/err-disabled.txt")), {
    dumped: [],
    refused: [],
    failed: [],
  });
});

test("the parser of gcore's output never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseGcore(text)));
});
