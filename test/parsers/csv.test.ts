import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCsv } from "../../src/parsers/csv.ts";

test("commas, quotes and newlines inside quotes belong to the value; a short row is left out", () => {
  const text = 'pid,name,state\n1,"a, ""b""\nc",active\n2,plain,\n3\n';

  assert.deepEqual(parseCsv(text), [
    { pid: "1", name: 'a, "b"\nc', state: "active" },
    { pid: "2", name: "plain", state: "" },
  ]);
});

test("whatever text comes, reading it never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseCsv(text)));
});
