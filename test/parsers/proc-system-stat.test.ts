import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cpuShares, parseSystemStat } from "../../src/parsers/proc-system-stat.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

const IDLE = { user: 0, nice: 0, system: 0, idle: 0, iowait: 0, irq: 0, softirq: 0, steal: 0 };

test("a recorded /proc/stat gives the ticks of all CPUs, their number, and what runs", () => {
  const stat = parseSystemStat(fixture("linux/host/stat.txt"));

  assert.deepEqual(stat.total, {
    user: 31_869,
    nice: 0,
    system: 12_417,
    idle: 478_629,
    iowait: 2077,
    irq: 0,
    softirq: 165,
    steal: 783,
  });
  assert.deepEqual([stat.cpus, stat.running, stat.blocked], [2, 1, 0]);
});

test("a text with nothing of it in it tells nothing, not zero", () => {
  assert.deepEqual(parseSystemStat("cpu  1 2 3\nctxt x\n"), {});
});

test("shares of the time between two looks sum to 100 percent", () => {
  const shares = cpuShares(IDLE, { ...IDLE, user: 30, idle: 50, steal: 20 });

  assert.deepEqual(shares, { ...IDLE, user: 30, idle: 50, steal: 20 });
});

test("an iowait that went back counts as nothing", () => {
  const shares = cpuShares({ ...IDLE, iowait: 10 }, { ...IDLE, iowait: 4, idle: 8 });

  assert.deepEqual(shares, { ...IDLE, idle: 100 });
});

test("no time between two looks gives no shares", () => {
  assert.equal(cpuShares(IDLE, IDLE), undefined);
});

test("any text is read without a throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), (text) => {
      parseSystemStat(`cpu  ${text}\n${text}`);
    }),
  );
});
