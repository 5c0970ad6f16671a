import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePsRow } from "../../src/parsers/ps-row.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

const COLUMNS = ["pid", "ppid", "zone", "ctid", "s", "nlwp", "vsz", "rss", "etime"];

test("a row is read by its words, however wide they are", () => {
  const row = parsePsRow(fixture("illumos/ps/o-one.txt"), COLUMNS);

  assert.equal(row?.values.get("rss"), "2411724");
  assert.equal(row?.values.get("zone"), "204ac483-0000-4000-8000-000000000000");
});

test("a row with other columns, or none, is unknown", () => {
  assert.equal(parsePsRow("PID RSS\n1 2 3\n", ["pid", "rss"]), undefined);
  assert.equal(parsePsRow("PID RSS\n", ["pid", "rss"]), undefined);
});

test("nothing makes the parser throw", () => {
  fc.assert(fc.property(fc.string({ unit: CODE_POINT }), (text) => void parsePsRow(text, COLUMNS)));
});
