import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseDurationMs, parseSizeBytes } from "../src/units.ts";

test("durations are read in hours, minutes, seconds and milliseconds", () => {
  const read = ["0", "0s", "90s", "1h30m", "2m", "250ms", "1.5s", "1m5ms", "1h1m1.25s1ms", "007s"].map(
    parseDurationMs,
  );

  assert.deepEqual(read, [0, 0, 90_000, 5_400_000, 120_000, 250, 1500, 60_005, 3_661_251, 7000]);
});

test("every mix of units in order is their sum", () => {
  const part = fc.integer({ min: 0, max: 9999 });
  fc.assert(
    fc.property(part, part, part, part, (h, m, s, ms) => {
      assert.equal(parseDurationMs(`${h}h${m}m${s}s${ms}ms`), h * 3_600_000 + m * 60_000 + s * 1000 + ms);
    }),
  );
});

test("what is no duration is refused, however much it looks like one", () => {
  const words = [
    "",
    " ",
    "s",
    "ms",
    "90",
    "-1s",
    "+1s",
    "1 s",
    " 1s",
    "1s ",
    "1s\n",
    "1,5s",
    ".5s",
    "1.s",
    "1e3s",
  ];
  const others = [
    "1S",
    "1d",
    "1s1m",
    "1ms1s",
    "1h1h",
    "1.5h",
    "1.5ms",
    "soon",
    "١s",
    "0x10s",
    "Infinitys",
    "1h 30m",
  ];

  const read = [...words, ...others].map((text) => [text, parseDurationMs(text)]);

  assert.deepEqual(
    read.filter(([, value]) => value !== undefined),
    [],
  );
});

test("sizes are powers of 1024, with or without B", () => {
  const read = ["0", "4096", "4096B", "100K", "512M", "20G", "20GB", "20GiB", "1T", "1.5K", "0.5M"].map(
    parseSizeBytes,
  );

  const G = 1024 ** 3;
  assert.deepEqual(read, [
    0,
    4096,
    4096,
    102_400,
    512 * 1024 ** 2,
    20 * G,
    20 * G,
    20 * G,
    1024 * G,
    1536,
    524_288,
  ]);
});

test("what is no size is refused", () => {
  const words = [
    "",
    " ",
    "K",
    "-1",
    "+1",
    "1 K",
    "1k",
    "1g",
    "10P",
    "10iB",
    "10Ki",
    "1KK",
    "1.K",
    ".5K",
    "1e9",
    "0x10",
  ];

  const read = [...words, "20G\n", "many", "١K"].map((text) => [text, parseSizeBytes(text)]);

  assert.deepEqual(
    read.filter(([, value]) => value !== undefined),
    [],
  );
});

test("what cannot be counted exactly is refused, not rounded to something else", () => {
  const huge = "9".repeat(400);

  const read = [parseDurationMs(`${huge}h`), parseDurationMs("9007199254740992ms"), parseSizeBytes(huge)];

  assert.deepEqual([...read, parseSizeBytes("9000000T")], [undefined, undefined, undefined, undefined]);
});

test("any text is either refused or a whole number that is not negative", () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9.]{0,30}(?:ms|[hmsKMGTiB]){0,4}$/));
  fc.assert(
    fc.property(text, (written) => {
      for (const value of [parseDurationMs(written), parseSizeBytes(written)])
        assert.ok(value === undefined || (Number.isSafeInteger(value) && value >= 0), `${written}: ${value}`);
    }),
    { numRuns: 1000 },
  );
});
