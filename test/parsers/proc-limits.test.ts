import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseProcLimits } from "../../src/parsers/proc-limits.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("limits are numbers or unlimited, by the name in the table", () => {
  const limits = parseProcLimits(fixture("linux/one-of-each/limits.txt"));

  const { line, ...files } = limits.get("Max open files") ?? { line: "" };
  assert.deepEqual(files, { soft: 20000, hard: 20000, unit: "files" });
  assert.match(line, /^Max open files +20000 +20000 +files/);
  assert.equal(limits.get("Max cpu time")?.soft, "unlimited");
  assert.equal(limits.get("Max nice priority")?.unit, undefined);
  assert.equal(limits.size, 16);
});

test("nothing makes the parser throw", () => {
  fc.assert(fc.property(fc.string({ unit: CODE_POINT }), (text) => void parseProcLimits(text)));
});
