import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { openPauses, stateOf } from "../../src/capture/pauses.ts";
import { delay } from "../../src/host/clock.ts";
import { startGuardian } from "../../src/host/guardian.ts";
import { openProcess, type HeldProcess } from "../../src/host/process-files.ts";
import { end, start } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

const folder = mkdtempSync(join(tmpdir(), "exhibit-pauses-"));
after(() => rmSync(folder, { recursive: true }));

interface Patient {
  readonly held: HeldProcess;
  readonly child: ChildProcess;
  /** What a tool does that stops the target and is killed before it lets it go. */
  readonly stop: () => void;
}

/** A process to stop, that somebody else may have stopped before. */
async function patient(t: TestContext, options: { readonly stopped?: boolean } = {}): Promise<Patient> {
  const { pid, child } = await start(t, ["sleep", "600"], { silent: true });
  const held = openProcess(pid);
  t.after(() => held.close());
  await until(() => stateOf(held) === "S", 30_000);
  if (options.stopped) {
    child.kill("SIGSTOP");
    await until(() => stateOf(held) === "T", 30_000);
  }
  return { held, child, stop: () => void child.kill("SIGSTOP") };
}

/** Pauses under a real guardian, with what the journal was told. */
async function pausesOf(t: TestContext, { held }: Patient, maxPauseMs = 10_000) {
  const told: string[] = [];
  const stat = readFileSync(`/proc/${held.pid}/stat`, "latin1");
  const guardian = await startGuardian({
    lockPath: join(folder, String(held.pid)),
    waitMs: 0,
    runId: `pauses.${held.pid}`,
    pid: held.pid,
    startTime: stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "",
  });
  t.after(() => guardian.release());
  const pauses = openPauses({
    held,
    guardian,
    maxPauseMs,
    onPause: async (name) => void told.push(`pause ${name}`),
    onResumed: async (name) => void told.push(`resumed ${name}`),
  });
  return { pauses, told };
}

test("a target that a killed tool left stopped runs again, and the time it stood is counted", async (t) => {
  const target = await patient(t);
  const { pauses, told } = await pausesOf(t, target);

  const { observedPauseMs, tooLong } = await pauses.hold("stacks", async () => {
    target.stop();
    await until(() => stateOf(target.held) === "T", 30_000);
    await delay(150);
    return { killed: true };
  });

  assert.match(stateOf(target.held) ?? "gone", /^[RSD]$/);
  assert.ok(observedPauseMs >= 130 && observedPauseMs < 5000, String(observedPauseMs));
  assert.ok(Math.abs(pauses.totalMs() - observedPauseMs) < 500);
  assert.equal(pauses.leftMs(), 10_000 - pauses.totalMs());
  assert.equal(tooLong, false);
  assert.deepEqual(told, ["pause stacks", "resumed stacks"]);
});

test("a tool that says it ended well, but left the target stopped, is not believed", async (t) => {
  const target = await patient(t);
  const { pauses } = await pausesOf(t, target);

  await pauses.hold("stacks", async () => {
    target.stop();
    await until(() => stateOf(target.held) === "T", 30_000);
    return { killed: false };
  });

  assert.match(stateOf(target.held) ?? "gone", /^[RSD]$/);
});

test("a stop that arrives only after the tool was killed is undone, too", async (t) => {
  const target = await patient(t);
  const { pauses } = await pausesOf(t, target);
  let stops = 0;

  await pauses.hold("stacks", async () => {
    // Between the first look and the second.
    setTimeout(() => {
      target.stop();
      stops++;
    }, 60);
    return { killed: true };
  });

  assert.deepEqual([stops, stateOf(target.held)], [1, "S"]);
});

test("a target that was stopped before us stays stopped, and none of that time is ours", async (t) => {
  const target = await patient(t, { stopped: true });
  const { pauses } = await pausesOf(t, target);

  for (const killed of [true, false]) {
    await pauses.hold("stacks", async () => {
      await delay(100);
      return { killed };
    });

    assert.equal(stateOf(target.held), "T");
  }

  assert.ok(pauses.totalMs() < 90, String(pauses.totalMs()));
});

test("the limit ends the work when the target has stood that long, and then nothing may stop it any more", async (t) => {
  const target = await patient(t);
  const { pauses } = await pausesOf(t, target, 200);
  let workEnded = 0;
  const begin = performance.now();

  const { tooLong, value } = await pauses.hold("core", async (signal) => {
    target.stop();
    await once(signal, "abort");
    workEnded = performance.now() - begin;
    return { killed: true, got: "a part" };
  });

  assert.ok(tooLong);
  assert.equal(value.got, "a part");
  assert.ok(workEnded >= 190 && workEnded < 5000, String(workEnded));
  assert.match(stateOf(target.held) ?? "gone", /^[RSD]$/);
  assert.equal(pauses.leftMs(), 0);
  let ran = false;
  const again = pauses.hold("stacks", async () => {
    ran = true;
    return { killed: false };
  });
  await assert.rejects(again, { name: "ExhibitError", message: "nothing is left of --max-pause" });
  assert.equal(ran, false);
});

test("time in which the target runs is not counted as a pause", async (t) => {
  const target = await patient(t);
  const { pauses } = await pausesOf(t, target, 200);

  const { tooLong, observedPauseMs } = await pauses.hold("stacks", async () => {
    await delay(400);
    return { killed: false };
  });

  assert.equal(tooLong, false);
  assert.ok(observedPauseMs < 300, String(observedPauseMs));
});

test("work that fails has its failure told, and the target runs again", async (t) => {
  const target = await patient(t);
  const { pauses, told } = await pausesOf(t, target);

  const failing = pauses.hold("stacks", async () => {
    target.stop();
    await until(() => stateOf(target.held) === "T", 30_000);
    throw new Error("the tool crashed");
  });

  await assert.rejects(failing, /the tool crashed/);
  assert.match(stateOf(target.held) ?? "gone", /^[RSD]$/);
  assert.deepEqual(told, ["pause stacks", "resumed stacks"]);
});

test("a target that dies in a pause is no failure of ours", async (t) => {
  const target = await patient(t);
  const { pauses } = await pausesOf(t, target);

  const { value } = await pauses.hold("core", async () => {
    target.stop();
    await end(target.child);
    return { killed: true };
  });

  assert.deepEqual(value, { killed: true });
  assert.equal(stateOf(target.held), undefined);
});

test("pauses add up", async (t) => {
  const target = await patient(t);
  const { pauses } = await pausesOf(t, target);
  const observed: number[] = [];

  for (const name of ["open-files", "stacks", "core"])
    observed.push(
      (
        await pauses.hold(name, async () => {
          target.stop();
          await delay(40);
          return { killed: true };
        })
      ).observedPauseMs,
    );

  const sum = observed.reduce((total, one) => total + one, 0);
  assert.ok(Math.abs(pauses.totalMs() - sum) < 250, `${pauses.totalMs()} of ${sum}`);
  assert.ok(sum >= 60);
});
