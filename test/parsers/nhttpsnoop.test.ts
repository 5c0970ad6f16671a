import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseNhttpsnoop } from "../../src/parsers/nhttpsnoop.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

const read = (name: string) => fixture(`illumos/nhttpsnoop/${name}`);

test("30 s of collections give the expected count, sum and maximum", () => {
  const expected = JSON.parse(read("g-30s-ten-percent.expected.json"));

  const { rows, unreadable } = parseNhttpsnoop(read("g-30s-ten-percent.txt"));

  const own = rows.filter((row) => row.pid === expected.pid && row.probe === "gc");
  const times = own.map((row) => row.latencyUs);
  assert.deepEqual(
    { pid: 41_207, gcCount: own.length, gcTotalUs: times.reduce((a, b) => a + b), maxUs: Math.max(...times) },
    expected,
  );
  assert.equal(unreadable, 0);
});

test("a header alone gives no row", () => {
  assert.deepEqual(parseNhttpsnoop(read("g-header-only.txt")), { rows: [], unreadable: 0 });
});

test("rows of other processes keep their own pid", () => {
  const { rows } = parseNhttpsnoop(read("g-p-leaks-other-pids.txt"));

  assert.deepEqual(
    rows.map(({ pid, latencyUs }) => [pid, latencyUs]),
    [
      [41_207, 3100],
      [80_001, 2200],
      [41_207, 350_123],
    ],
  );
});

test("client, server and gc rows are told apart", () => {
  const { rows } = parseNhttpsnoop(read("cgs-mixed.txt"));

  assert.deepEqual(
    rows.map(({ probe, latencyUs }) => [probe, latencyUs]),
    [
      ["client", 2240],
      ["server", 538],
      ["gc", 1093],
      ["server", 2_714_086],
    ],
  );
});

test("rows are put in order of time, and a row cut in its middle is not guessed", () => {
  const { rows, unreadable } = parseNhttpsnoop(read("out-of-order-and-unterminated.txt"));

  assert.deepEqual(
    rows.map(({ endUs }) => endUs),
    [2_417_702, 2_907_331, 2_911_846],
  );
  assert.equal(unreadable, 1);
});

test("a fraction padded on its right, and a latency wider than its column, are read", () => {
  const text =
    "[  1.000000]    42 gc        1.30 ms -      -\n[  2.000000]    42 gc     12345.007ms -      -\n";

  const { rows } = parseNhttpsnoop(text);

  assert.deepEqual(
    rows.map(({ latencyUs }) => latencyUs),
    [1030, 12_345_007],
  );
});

test("any text is read without a throw, and only whole microseconds come out", () => {
  const noise = fc.array(
    fc.oneof(fc.string({ unit: CODE_POINT }), fc.constantFrom("[  0.400000]", "  41207 gc ", " 3.175ms -\n")),
  );
  fc.assert(
    fc.property(noise, (parts) =>
      parseNhttpsnoop(parts.join("")).rows.every((row) => Number.isSafeInteger(row.latencyUs)),
    ),
  );
});
