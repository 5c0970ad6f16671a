import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTracedCollection } from "../../src/parsers/v8-trace.ts";

// As these versions of Node wrote them into their memory, each cut where V8 cut it.
const LINES: readonly (readonly [version: string, line: string, expected: object])[] = [
  [
    "18.20.8",
    "[12928:0x202e7d00]      256 ms: Mark-sweep 43.3 (73.2) -> 5.6 (40.8) MB, 2.5 / 0.0 ms  (+ 2.0 ms in 26 steps since start of marking, biggest step 0.3 ms, walltime since start of marking 8 ms) (average mu = 1.000, current mu = 1.000) finalize incremental m",
    { atMs: 256, name: "Mark-sweep", isMajor: true, pauseMs: 2.5, stepsMs: 2 },
  ],
  [
    "18.20.8",
    "[12928:0x202e7d00]      243 ms: Scavenge 41.5 (60.3) -> 39.9 (72.3) MB, 26.0 / 0.0 ms  (average mu = 1.000, current mu = 1.000) task; ",
    { atMs: 243, name: "Scavenge", isMajor: false, pauseMs: 26, stepsMs: 0 },
  ],
  [
    "20.20.2",
    "[12984:0xe685c90]      285 ms: Mark-Compact 44.9 (74.2) -> 37.4 (70.7) MB, 6.95 / 0.01 ms  (+ 22.1 ms in 45 steps since start of marking, biggest step 10.9 ms, walltime since start of marking 80 ms) (average mu = 1.000, current mu = 1.000) finalize increm",
    { atMs: 285, name: "Mark-Compact", isMajor: true, pauseMs: 6.95, stepsMs: 22.1 },
  ],
  [
    "22.23.3",
    "[9611:0x3a470000]     2847 ms: Scavenge 41.4 (60.9) -> 22.7 (54.5) MB, pooled: 48 MB, 5.38 / 0.00 ms  (average mu = 0.953, current mu = 0.961) task; ",
    { atMs: 2847, name: "Scavenge", isMajor: false, pauseMs: 5.38, stepsMs: 0 },
  ],
  [
    "24.21.0",
    "[12946:0xda7c000]      857 ms: Mark-Compact 144.1 (232.9) -> 38.2 (167.9) MB, pooled: 42 MB, 17.99 / 0.00 ms  (+ 4.0 ms in 71 steps since start of marking, biggest step 0.5 ms, walltime since start of marking 66 ms) (average mu = 0.954, current mu = ",
    { atMs: 857, name: "Mark-Compact", isMajor: true, pauseMs: 17.99, stepsMs: 4 },
  ],
  [
    "26.10.0",
    "[12965:0x27f67000]     2589 ms: Incremental Mark-Compact 40.8 (91.3) -> 10.1 (65.8) MB, pooled: 144.8 MB, 6.08 / 0.00 ms (+ 4.6 ms in 51 steps since start of marking, biggest step 0.5 ms, walltime since start of marking 20 ms) (average mu = 0.962, current ",
    { atMs: 2589, name: "Incremental Mark-Compact", isMajor: true, pauseMs: 6.08, stepsMs: 4.6 },
  ],
];

for (const [version, line, expected] of LINES)
  test(`the line of Node ${version} about a ${/ms: ([A-Z][a-zA-Z -]+)/.exec(line)?.[1]?.trim()} is read`, () => {
    assert.deepEqual(parseTracedCollection(line), expected);
  });

test("collections of the young generation that mark are no major ones", () => {
  const line = "[1:0x1000]  9 ms: Minor Mark-Sweep 4.0 (5.0) -> 3.0 (5.0) MB, 1.00 / 0.00 ms  (average mu";

  assert.equal(parseTracedCollection(line)?.isMajor, false);
});

test("what is no whole line is none", () => {
  for (const line of [
    "",
    "7d00]      208 ms: Scavenge 35.8 (54.8) -> 35.5 (55.6) MB, 16.9 / 0.0 ms  (average",
    "[1:0x1000]  9 ms: Scavenge 4.0 (5.0) -> 3.0 (5.0) MB, 1.0",
    "[1:0x1000]  9 ms: \u001b[2J 4.0 (5.0) -> 3.0 (5.0) MB, 1.00 / 0.00 ms",
  ])
    assert.equal(parseTracedCollection(line), undefined, line);
});
