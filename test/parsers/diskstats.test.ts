import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseDiskstats } from "../../src/parsers/diskstats.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("a recorded /proc/diskstats gives the one disk that did anything", () => {
  const disks = parseDiskstats(fixture("linux/host/diskstats.txt"));

  assert.deepEqual([...disks.keys()], ["vda"]);
});

test("sectors become bytes, and every column is its own", () => {
  const disks = parseDiskstats(" 8 0 sda 10 1 20 3 40 5 60 7 2 90 11 0 0 0 0 0 0\n");

  const sda = { reads: 10, readBytes: 10_240, writes: 40, writtenBytes: 30_720, inFlight: 2, busyMs: 90 };
  assert.deepEqual([...disks], [["sda", sda]]);
});

test("a cut line is left out", () => {
  assert.equal(parseDiskstats(" 8 0 sda 10 1 20 3 40 5 60").size, 0);
});

test("any text is read without a throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), (text) => {
      parseDiskstats(`8 0 ${text}`);
    }),
  );
});
