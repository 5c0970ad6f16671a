import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { closestName } from "../../src/parsers/closest-name.ts";

const NAMES = ["core", "host", "prstat", "pstack", "sockets"];

test("a swap, a missing and a wrong letter are forgiven", () => {
  assert.deepEqual(
    ["prtsat", "socket", "SOCKETS", "pstakc", "cor"].map((typed) => closestName(typed, NAMES)),
    ["prstat", "sockets", "sockets", "pstack", "core"],
  );
});

test("what resembles nothing is not guessed at", () => {
  assert.deepEqual(
    ["", "x", "zz", "memory", "s".repeat(100_000)].map((typed) => closestName(typed, NAMES)),
    [undefined, undefined, undefined, undefined, undefined],
  );
});

test("whatever is typed, the answer is one of the names or none", () => {
  fc.assert(
    fc.property(fc.string(), (typed) => {
      const name = closestName(typed, NAMES);
      return name === undefined || NAMES.includes(name);
    }),
  );
});
