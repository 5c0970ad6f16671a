import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { Target } from "../../src/bundle/manifest.ts";
import { defineCollector, type Collector, type Touch } from "../../src/collectors/collector.ts";
import { planCapture, reserveOf, type PlanRequest } from "../../src/capture/plan.ts";
import { captureFile, captureId } from "../helpers/sealed-bundle.ts";

const TARGET = Target.parse(captureFile(captureId()).target);

interface Facts {
  readonly timeMs?: number;
  readonly pauseMs?: number;
  readonly sizeBytes?: number;
  readonly platforms?: Collector["platforms"];
}

function collector(name: string, touch: Touch, facts: Facts = {}): Collector {
  const { timeMs = 100, pauseMs = 0, sizeBytes = 1000 } = facts;
  return defineCollector({
    name,
    tool: name,
    summary: "?",
    platforms: facts.platforms ?? { linux: { needs: [], touch } },
    sensitive: [],
    estimate: () => ({ timeMs, pauseMs, sizeBytes }),
    options: z.strictObject({}),
    collect: async () => [],
  });
}

function plan(collectors: readonly Collector[], changes: Partial<PlanRequest> = {}) {
  return planCapture({
    collectors: collectors.map((one) => ({ collector: one, options: {} })),
    target: TARGET,
    platform: "linux",
    budgetMs: 30_000,
    maxPauseMs: 10_000,
    windowMs: 5000,
    elapsedMs: 0,
    slowness: 1,
    spendableBytes: 1_000_000_000,
    careful: [],
    ...changes,
  });
}

/** Why the one collector is left out; undefined when it runs. */
function leftOut(one: Collector, changes: Partial<PlanRequest> = {}) {
  return plan([one], changes).collectors[0]?.leftOut;
}

const CORE = { timeMs: 3000, pauseMs: 800, sizeBytes: 600_000_000 };

test("what does not stop the target comes first, then what stops it for a moment, the core last", () => {
  const all = [
    collector("core", "stop"),
    collector("stacks", "brief"),
    collector("process", "none"),
    collector("open-files", "brief"),
    collector("runtime", "inside"),
    collector("sockets", "none"),
  ];

  const { collectors } = plan(all);

  assert.deepEqual(
    collectors.map((one) => [one.collector.name, one.phase]),
    [
      ["process", "window"],
      ["runtime", "window"],
      ["sockets", "window"],
      ["stacks", "pause"],
      ["open-files", "pause"],
      ["core", "pause"],
    ],
  );
});

test("the reserve is a little of the budget, more on a slow host, and never most of it", () => {
  const reserves = [
    [1000, 1],
    [5000, 1],
    [30_000, 1],
    [30_000, 2],
    [30_000, 6],
    [600_000, 1],
    [2000, 6],
  ].map(([budgetMs = 0, slowness = 0]) => reserveOf({ budgetMs, slowness }));

  assert.deepEqual(reserves, [300, 300, 1500, 3000, 4000, 4000, 600]);
});

test("the window is what was asked for when the budget has room, else what it leaves beside the pauses", () => {
  const core = collector("core", "stop", CORE);
  const windows = [
    plan([core]),
    plan([core], { windowMs: 60_000 }),
    plan([core], { budgetMs: 8000 }),
    plan([core], { budgetMs: 8000, elapsedMs: 1500 }),
    plan([], { budgetMs: 3000 }),
    plan([], { windowMs: 200 }),
  ].map(({ windowMs }) => windowMs);

  // 28500 - 3000 - 400; 7600 - 3000 - 400; 1500 less; 2700 - 400.
  assert.deepEqual(windows, [5000, 25_100, 4200, 2700, 2300, 200]);
});

test("a window is never shorter than what shows anything, even when the budget is nearly spent", () => {
  assert.equal(plan([], { budgetMs: 3000, elapsedMs: 2900 }).windowMs, 1000);
});

test("a collector that stops the target is left out when it does not fit the budget, and the reason has both numbers", () => {
  const core = collector("core", "stop", CORE);

  assert.equal(leftOut(core, { budgetMs: 6000 }), undefined);
  assert.deepEqual(leftOut(core, { budgetMs: 4000 }), {
    status: "skipped",
    reason: "takes about 3.0 s; of the budget of 4.0 s it may have 2.7 s",
  });
  assert.equal(leftOut(core, { budgetMs: 6000, elapsedMs: 2500 })?.status, "skipped");
});

test("--max-pause 0 leaves out whatever stops the target, by choice, and nothing else", () => {
  const kinds = (["none", "inside", "brief", "stop"] as const).map((touch) =>
    leftOut(collector("one", touch), { maxPauseMs: 0 }),
  );

  const byChoice = {
    status: "skipped",
    reason: "would stop the target, and --max-pause is 0",
    byChoice: true,
  };
  assert.deepEqual(kinds, [undefined, undefined, byChoice, byChoice]);
});

test("a pause that would be too long is left out: the operator did not choose that", () => {
  const core = collector("core", "stop", CORE);

  assert.equal(leftOut(core, { maxPauseMs: 800 }), undefined);
  assert.deepEqual(leftOut(core, { maxPauseMs: 799 }), {
    status: "skipped",
    reason: "would stop the target for about 800 ms; --max-pause is 799 ms",
  });
});

test("nothing stops a target that asks for care, and all the reasons are told", () => {
  const careful = ["process 1 is the host's own init", "exhibit runs below it"];

  assert.deepEqual(leftOut(collector("stacks", "brief"), { careful }), {
    status: "skipped",
    reason: "would stop the target: process 1 is the host's own init; exhibit runs below it",
  });
  assert.equal(leftOut(collector("process", "none"), { careful }), undefined);
});

test("what the disk has no room for is left out", () => {
  const core = collector("core", "stop", CORE);

  assert.equal(leftOut(core, { spendableBytes: CORE.sizeBytes }), undefined);
  assert.deepEqual(leftOut(core, { spendableBytes: CORE.sizeBytes - 2 ** 20 }), {
    status: "skipped",
    reason: "needs about 572 MiB; 571 MiB may be written (--max-size, spool.keepFree)",
  });
});

test("a collector of another platform is unsupported, whatever else speaks against it", () => {
  const pfiles = collector("pfiles", "stop", {
    platforms: { illumos: { needs: ["pfiles"], touch: "stop" } },
  });

  assert.deepEqual(leftOut(pfiles, { careful: ["it is process 1"], maxPauseMs: 0 }), {
    status: "unsupported",
    reason: "not on linux",
  });
});

test("what is left out takes no time from the window", () => {
  const slow = collector("slow", "stop", { timeMs: 20_000, pauseMs: 20_000 });

  assert.equal(plan([slow], { windowMs: 60_000 }).windowMs, 28_100);
});

const arbitraryCollector = fc
  .record({
    touch: fc.constantFrom<Touch>("none", "brief", "stop", "inside"),
    timeMs: fc.integer({ min: 0, max: 60_000 }),
    pauseMs: fc.integer({ min: 0, max: 20_000 }),
    sizeBytes: fc.integer({ min: 0, max: 2 ** 40 }),
  })
  .map(({ touch, ...facts }) => collector("one", touch, facts));

test("whatever is asked for, nobody is lost, nothing breaks a limit, and the budget holds unless the window is at its shortest", () => {
  const request = fc.record({
    budgetMs: fc.integer({ min: 1000, max: 1_800_000 }),
    maxPauseMs: fc.integer({ min: 0, max: 60_000 }),
    windowMs: fc.integer({ min: 1, max: 120_000 }),
    elapsedMs: fc.integer({ min: 0, max: 20_000 }),
    slowness: fc.double({ min: 1, max: 6, noNaN: true }),
    spendableBytes: fc.integer({ min: 0, max: 2 ** 40 }),
  });
  fc.assert(
    fc.property(fc.array(arbitraryCollector, { maxLength: 12 }), request, (collectors, changes) => {
      const made = plan(collectors, changes);

      assert.deepEqual(new Set(made.collectors.map((one) => one.collector)), new Set(collectors));
      const phases = made.collectors.map((one) =>
        one.phase === "window" ? 0 : one.touch === "brief" ? 1 : 2,
      );
      assert.deepEqual(
        phases,
        phases.toSorted((a, b) => a - b),
      );
      const runs = made.collectors.filter((one) => one.leftOut === undefined);
      for (const { estimate } of runs) {
        assert.ok(estimate.pauseMs <= changes.maxPauseMs);
        assert.ok(estimate.sizeBytes <= changes.spendableBytes);
      }
      assert.ok(made.collectUntilMs < changes.budgetMs && made.collectUntilMs > 0);
      assert.ok(made.windowMs <= changes.windowMs && made.windowMs >= Math.min(1000, changes.windowMs));
      const pauses = runs
        .filter(({ phase }) => phase === "pause")
        .reduce((sum, one) => sum + one.estimate.timeMs, 0);
      const ends = changes.elapsedMs + made.windowMs + pauses;
      assert.ok(ends <= made.collectUntilMs || made.windowMs === Math.min(1000, changes.windowMs));
    }),
    { numRuns: 300 },
  );
});

test("what only reads on this platform stops nothing, whatever its tool does elsewhere", () => {
  const openFiles = collector("open-files", "none", { timeMs: 100, pauseMs: 500, sizeBytes: 1000 });

  assert.equal(leftOut(openFiles, { maxPauseMs: 0 }), undefined);
});
