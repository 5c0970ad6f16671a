import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePtree } from "../../src/parsers/ptree.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("contracts are levels of their own and a zombie is told", () => {
  const rows = parsePtree(fixture("illumos/ptree/c-contract-and-defunct.txt"));

  assert.deepEqual(rows, [
    { depth: 0, pid: undefined, command: "process contract 4123", isDefunct: false },
    {
      depth: 1,
      pid: 1042,
      command: "/opt/smartdc/moray/build/node/bin/node main.js -f etc/config.json",
      isDefunct: false,
    },
    { depth: 2, pid: 1050, command: "<defunct>", isDefunct: true },
  ]);
});

test("nothing makes the parser throw", () => {
  fc.assert(fc.property(fc.string({ unit: CODE_POINT }), (text) => void parsePtree(text)));
});
