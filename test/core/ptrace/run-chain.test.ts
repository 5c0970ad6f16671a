// Slow: kills or strangers by the hundred; not part of npm run test:quick.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import { childrenOf, compile, flagsOf, startCoreTarget } from "../../helpers/core-target.ts";
import { programOf } from "../../helpers/program.ts";
import { until } from "../../helpers/until.ts";

const { program, remove } = compile("target");
after(remove);
const [NODE, PROCESS] = programOf(new URL("../../helpers/snapshot-process.ts", import.meta.url).pathname);

/** Every moment of the pause, the ends of each kind of call in it, the copy that streams, and the wait for it at the end. */
const MOMENTS: readonly (readonly [string, number])[] = [
  ["seized", 1],
  ["stopped", 1],
  ["written", 1],
  ["loaded", 1],
  ["masked", 1],
  ["entered", 1],
  ["cloned", 1],
  ["entered", 2],
  ["returned", 1],
  ["restored", 1],
  ["written", 2],
  ["loaded", 2],
  ["entered", 3],
  ["entered", 4],
  ["cloned", 2],
  ["entered", 5],
  ["entered", 6],
  ["returned", 2],
  ["restored", 2],
  ["released", 1],
  ["standing", 1],
  ["reaping", 1],
  ["written", 3],
  ["loaded", 3],
  ["masked", 3],
  ["returned", 3],
  ["restored", 3],
];

async function killedAt(pid: number, startTime: string, moment: readonly [string, number]) {
  const child = spawn(NODE, [PROCESS, String(pid), startTime, moment[0], String(moment[1])], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [, signal] = await once(child, "exit");
  return signal;
}

const stateOf = (pid: string) => /^State:\t(\w)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];

test("the tracer may be killed at every moment: the target goes on with its own registers, marks and signal mask", async () => {
  const target = await startCoreTarget(program);
  try {
    // The C library begins a thread with all signals blocked, for a moment.
    await until(() => !/SigBlk:\t0*[1-9a-f]/.test(masksOf(target.pid)), 30_000, "every thread has begun");
    const before = { flags: flagsOf(target.pid), masks: masksOf(target.pid) };

    for (const moment of MOMENTS) {
      const { beats } = target.look();
      assert.equal(await killedAt(target.pid, target.startTime, moment), "SIGKILL", moment.join());

      await until(() => target.look().beats > beats + 20, 30_000, `the target runs after ${moment.join()}`);
      const { strayed, wrong } = target.look();
      assert.deepEqual({ strayed, wrong }, { strayed: 0, wrong: 0 }, moment.join());
      // The thread ends its chain by itself, which takes it a moment more.
      const isAsBefore = () => flagsOf(target.pid) === before.flags && masksOf(target.pid) === before.masks;
      await until(isAsBefore, 30_000, `marks and masks are as before after ${moment.join()}`);
      // A copy that lost us is dead: a zombie without memory, which the target does not see, until it ends itself.
      await until(
        () =>
          childrenOf(target.pid)
            .split(" ")
            .filter(Boolean)
            .every((pid) => stateOf(pid) === "Z"),
        30_000,
        `no copy lives after ${moment.join()}`,
      );
    }
  } finally {
    target.end();
  }
});

test("a snapshot that ends in peace leaves nothing behind, no zombie and no mark", async () => {
  const target = await startCoreTarget(program);
  try {
    const flags = flagsOf(target.pid);

    assert.equal(await killedAt(target.pid, target.startTime, ["none", 1]), null);

    assert.equal(childrenOf(target.pid), "");
    assert.equal(flagsOf(target.pid), flags);
    const { strayed, wrong } = target.look();
    assert.deepEqual({ strayed, wrong }, { strayed: 0, wrong: 0 });
  } finally {
    target.end();
  }
});

/** Of every thread, in order. */
function masksOf(pid: number): string {
  const status = (thread: string) => readFileSync(`/proc/${pid}/task/${thread}/status`, "latin1");
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => `${thread} ${/^SigBlk:.*$/m.exec(status(thread))?.[0]}`)
    .join("\n");
}
