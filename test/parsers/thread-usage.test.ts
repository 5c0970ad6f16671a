import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { threadTable } from "../../src/parsers/thread-table.ts";
import {
  mediansOf,
  usageBetween,
  type ThreadSample,
  type ThreadUsage,
} from "../../src/parsers/thread-usage.ts";

const sample: ThreadSample = {
  at: "2026-11-22T03:12:07.000Z",
  monotonicMs: 1000,
  tid: 7,
  name: "worker",
  state: "R",
  userTicks: 100,
  systemTicks: 10,
  majorFaults: 0,
  processor: 1,
  startTime: "500",
  runNs: 1_000_000_000,
  waitNs: 0,
  slices: 3,
  voluntary: 4,
  involuntary: 2,
  wchan: undefined,
};
const later: ThreadSample = {
  ...sample,
  at: "2026-11-22T03:12:11.000Z",
  monotonicMs: 5000,
  userTicks: 400,
  systemTicks: 50,
  majorFaults: 3,
  runNs: 4_500_000_000,
  waitNs: 400_000_000,
  voluntary: 10,
  involuntary: 9,
};

const usage = (tid: number, cpuPercent: number | undefined): ThreadUsage => ({
  at: undefined,
  elapsedMs: 1000,
  tid,
  name: `t${tid}`,
  cpuPercent,
  userPercent: undefined,
  systemPercent: undefined,
  latPercent: undefined,
  voluntary: undefined,
  involuntary: undefined,
});

test("shares are of the time that really passed, not of the period that was meant", () => {
  assert.deepEqual(usageBetween(sample, later), {
    at: later.at,
    elapsedMs: 4000,
    tid: 7,
    name: "worker",
    cpuPercent: 87.5,
    userPercent: 75,
    systemPercent: 10,
    latPercent: 10,
    voluntary: 6,
    involuntary: 7,
    majorFaults: 3,
    state: "R",
    processor: 1,
    wchan: undefined,
  });
});

test("without schedstat a CPU share comes from clock ticks, and the wait for a CPU is unknown", () => {
  const blind = { runNs: undefined, waitNs: undefined, slices: undefined };

  const between = usageBetween({ ...sample, ...blind }, { ...later, ...blind });

  assert.equal(between?.cpuPercent, 85);
  assert.equal(between?.latPercent, undefined);
});

test("a thread id that was used again is another thread", () => {
  assert.equal(usageBetween(sample, { ...later, startTime: "501" }), undefined);
});

test("a counter that went backwards is unknown", () => {
  assert.equal(usageBetween(sample, { ...later, voluntary: 1 })?.voluntary, undefined);
});

test("the median is a real interval's share, and unknown intervals do not count as idle", () => {
  const usages = [
    usage(1, 90),
    usage(1, undefined),
    usage(1, 10),
    usage(1, 50),
    usage(1, 70),
    usage(2, 20),
    usage(2, 30),
  ];

  assert.deepEqual(
    mediansOf(usages, "cpuPercent").map(({ usage: { tid }, percent, intervals }) => ({
      tid,
      percent,
      intervals,
    })),
    [
      { tid: 1, percent: 50, intervals: 4 },
      { tid: 2, percent: 20, intervals: 2 },
    ],
  );
});

test("a thread that was there for a moment does not outdo the ones that stayed", () => {
  const usages = [usage(1, 10), usage(1, 20), usage(1, 30), usage(2, 100)];

  assert.deepEqual(
    mediansOf(usages, "cpuPercent").map(({ usage: { tid } }) => tid),
    [1],
  );
});

test("the table shows unknown values as a dash, and says how many rows it leaves out", () => {
  const many = Array.from({ length: 25 }, (_, index) => usage(index + 1, index));

  const table = threadTable([[usage(1, undefined)], many]);

  const [window = "", first = "", second = ""] = table.split("\n\n");
  assert.match(window, /^The median interval of each thread, 2 intervals\n/);
  assert.match(first, /\n {7}1 - {5}- {5}- {5}- {5}- {5}- {5}- {2}- - {24}t1$/);
  assert.match(second, /\n {6}25 - {4}24 .*\n/);
  assert.match(second, /\n\.\.\. 5 more threads in usage\.jsonl\n$/);
});

test("usage, medians and table take any numbers without throwing", () => {
  const number = fc.option(fc.double(), { nil: undefined });

  fc.assert(
    fc.property(fc.double(), number, number, fc.string(), (monotonicMs, runNs, waitNs, name) => {
      const between = usageBetween(sample, { ...later, monotonicMs, runNs, waitNs, name });
      threadTable([between === undefined ? [] : [between]]);
    }),
  );
});
