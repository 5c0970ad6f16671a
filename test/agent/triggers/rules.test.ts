import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { closeWaitRule } from "../../../src/agent/triggers/close-wait.ts";
import { cpuRule } from "../../../src/agent/triggers/cpu.ts";
import { descriptorsRule } from "../../../src/agent/triggers/descriptors.ts";
import { openOccurrences } from "../../../src/agent/triggers/occurrences.ts";
import { residentRule } from "../../../src/agent/triggers/resident.ts";
import type { LookRule } from "../../../src/agent/triggers/rule.ts";
import { deepMsOf } from "../../../src/agent/triggers/rules.ts";
import type { DeepLook, ProcessLook } from "../../../src/agent/recorder/watched.ts";
import { Trigger } from "../../../src/settings-triggers.ts";

const same = { pid: 42, startTime: "1000", service: "muskie@7.service" };
const look = (facts: Partial<ProcessLook>): ProcessLook => ({
  kind: "process",
  ...same,
  state: "S",
  cpuMs: undefined,
  residentBytes: undefined,
  threads: 1,
  majorFaults: 0,
  blockIoMs: 0,
  ...facts,
});
const deep = (facts: Partial<DeepLook>): DeepLook => ({ kind: "deep", ...same, busiest: [], ...facts });

const of = (written: object) => Trigger.parse({ match: "x", above: 9, ...written });

/** What the rule says at each look, one a second: a text, false, or undefined. */
function judge(
  rule: LookRule,
  looks: readonly (ProcessLook | DeepLook)[],
  secondsOf = (index: number) => index,
) {
  return looks.map((one, index) => {
    const finding = rule.judge(one, secondsOf(index) * 1000);
    return finding ? finding.text : finding;
  });
}

describe("the rules of triggers", () => {
  test("memory must be above for the whole time, at every look", () => {
    const sizes = [50, 200, 200, 50, 200, 200, 200];

    const said = judge(
      residentRule({ above: 100, for: 2000 }),
      sizes.map((residentBytes) => look({ residentBytes })),
    );

    assert.deepEqual(said, [false, false, false, false, false, false, "RSS 200 B, above 100 B for 2.0 s"]);
  });

  test("a number that is not known is neither high nor low: the time begins anew", () => {
    const sizes = [200, 200, undefined, 200, 200, 200];

    const said = judge(
      descriptorsRule({ above: 100, for: 2000 }),
      sizes.map((descriptors) => deep(descriptors === undefined ? {} : { descriptors })),
    );

    assert.deepEqual(said.slice(0, 5), [false, false, false, false, false]);
    assert.match(String(said[5]), /^200 open descriptors/);
  });

  test("nothing is held over a time in which nobody looked", () => {
    const rule = residentRule({ above: 100, for: 60_000 });

    const said = judge(
      rule,
      [look({ residentBytes: 200 }), look({ residentBytes: 200 })],
      (index) => index * 600,
    );

    assert.deepEqual(said, [false, false]);
  });

  test("CPU is the mean over the time: a second of rest does not hide it, a second of work is not it", () => {
    const busy = [0, 1000, 2000, 2000, 3000, 4000].map((cpuMs) => look({ cpuMs }));
    const idle = [0, 0, 0, 1000, 1000, 1000].map((cpuMs) => look({ cpuMs }));

    const [said, other] = [busy, idle].map((looks) => judge(cpuRule({ above: 50, for: 4000 }), looks));

    assert.deepEqual(said?.slice(0, 4), [false, false, false, false]);
    assert.equal(said?.[4], "CPU 75% of a core, above 50% for 4.0 s");
    assert.deepEqual(
      other,
      idle.map(() => false),
    );
  });

  test("connections in CLOSE_WAIT are counted, none is none, and a look without sockets says nothing", () => {
    const looks = [
      deep({ sockets: { ESTABLISHED: 9 } }),
      deep({ sockets: { CLOSE_WAIT: 6 } }),
      deep({ descriptors: 20_000 }),
      look({ residentBytes: 1 }),
    ];

    const said = judge(closeWaitRule({ above: 5, for: 0 }), looks);

    assert.deepEqual(said, [false, "6 connections in CLOSE_WAIT, above 5 for 0 ms", false, undefined]);
  });

  test("what happens is counted within its time, then anew", () => {
    const { add } = openOccurrences(3, 10_000);

    const enough = [
      [1, 0],
      [1, 5000],
      [1, 20_000],
      [1, 21_000],
      [1, 22_000],
      [2, 23_000],
      [9, 24_000],
    ].map(([times = 0, upMs = 0]) => add(times, upMs));

    assert.deepEqual(enough, [false, false, false, false, true, false, true]);
  });

  test("deep looks come three times in the shortest time of those that need them", () => {
    const found = deepMsOf([
      of({ when: "cpu", for: "3s" }),
      of({ when: "descriptors", for: "30s" }),
      of({ when: "close-wait", for: "2m" }),
    ]);

    assert.deepEqual([found, deepMsOf([of({ when: "cpu" })])], [10_000, undefined]);
  });
});
