// Targets that are gone, not ours to touch, or held by somebody else. Whatever they are, COMMAND of guard runs, what could
// be saved verifies, what could not is told, and nobody is left stopped.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { assertCleanAfterwards } from "../helpers/afterwards.ts";
import { CLI, openSandbox, stateOf, statusesOf } from "../helpers/exhibit.ts";
import { start } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

// A short window: what is looked at here is not the samples.
const box = openSandbox("capture: {window: 300ms}\n");
after(() => box.remove());
afterEach(() => assertCleanAfterwards(box));

const NODE = [
  process.execPath,
  "--inspect-port=0",
  "-e",
  "setInterval(() => {}, 50); console.log('up')",
] as const;
let markers = 0;

/** Guards `pid` with a COMMAND that leaves a file, and sees to it that the file is there. */
function guard(pid: number, ...flags: string[]) {
  const marker = join(box.folder, `ran-${markers++}`);
  const result = box.run(["guard", "--pid", String(pid), ...flags, "--", "touch", marker]);
  assert.ok(existsSync(marker), `COMMAND did not run: ${result.stderr}`);
  return result;
}

const reasonOf = (name: string, id?: string) =>
  box.manifest(id).collectors.find((collector) => collector.name === name)?.reason ?? "";

test("a target that is killed at any moment costs evidence, never the bundle, and COMMAND runs", async (t) => {
  const before = new Set(box.ids());
  const rounds = await Promise.all(
    [0, 1, 2, 3, 4, 5].map(async (round) => {
      const { pid, child } = await start(t, NODE);
      const marker = join(box.folder, `ran-round-${round}`);
      const run = box.start(["guard", "--pid", String(pid), "-b", "15s", "-v", "--", "touch", marker]);
      const ended = new Promise((resolve) => run.once("close", resolve));
      await until(() => run.output().includes("saving evidence"), 30_000);

      // One half of them in the window, the others in the pauses.
      const moment = round < 3 ? () => true : () => /stacks +(?:ok|partial)/.test(run.output());
      await until(() => moment() || run.exitCode !== null, 30_000);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
      child.kill("SIGKILL");

      return { pid, status: await ended, marker, output: run.output() };
    }),
  );

  const ids = box.ids().filter((id) => !before.has(id));
  assert.equal(ids.length, rounds.length);
  let partial = 0;
  for (const { pid, status, marker, output } of rounds) {
    const id = ids.find((one) => box.manifest(one).target.pid === pid);
    const manifest = box.manifest(id);
    assert.equal(status, 0, output);
    assert.ok(existsSync(marker), output);
    assert.equal(box.outcome(id).targetGone, true);
    assert.equal(statusesOf(manifest)["first-look"], "ok");
    const missed = manifest.identityChecks.filter(({ same, before: what }) => !same && what !== "mitigation");
    for (const { before: name } of missed)
      assert.match(reasonOf(name, id), /the target (?:is gone|has ended)/);
    if (manifest.state === "partial") partial++;
    if (missed.length > 0) assert.equal(manifest.state, "partial", output);
  }
  assert.ok(partial >= 3, `only ${partial} of 6 kills were seen`);
});

test("a target that was gone before, and a zombie, are said in one sentence; capture ends with 1", async (t) => {
  const zombie = await start(t, [
    "python3",
    "-c",
    "import os,time\np=os.fork()\nif p==0: os._exit(0)\nprint(p,flush=True)\ntime.sleep(60)",
  ]);
  const dead = Number(String(zombie.child.stdout?.read()).trim());
  await until(() => stateOf(dead) === "Z", 30_000);
  const before = box.ids().length;

  const results = [guard(4_194_303), guard(dead)];
  const captured = box.run(["capture", "--pid", String(dead)]);

  assert.deepEqual(
    results.map(({ status }) => status),
    [0, 0],
  );
  assert.match(results[0]?.stderr ?? "", /^exhibit: NOTHING WAS SAVED: process 4194303 is gone$/m);
  assert.match(
    results[1]?.stderr ?? "",
    /^exhibit: NOTHING WAS SAVED: process \d+ is a zombie: it has ended/m,
  );
  assert.equal(captured.status, 1);
  assert.match(captured.stderr, /is a zombie/);
  assert.equal(box.ids().length, before);
});

test("a thread of the kernel and process 1 are read, and never stopped", () => {
  for (const [pid, why] of [
    [2, /would stop the target: it is a thread of the kernel/],
    [1, /would stop the target: process 1 is the host's own init/],
  ] as const) {
    const result = guard(pid, "-b", "8s");

    assert.equal(result.status, 0);
    const manifest = box.manifest();
    assert.deepEqual([statusesOf(manifest).stacks, statusesOf(manifest).core], ["skipped", "skipped"]);
    assert.match(reasonOf("core"), why);
    assert.match(result.stderr, why);
    assert.equal(manifest.pausedMs, 0);
    assert.ok(box.read("evidence/process/status.txt").includes(`Pid:\t${pid}\n`));
    assert.ok(!["T", "t"].includes(stateOf(pid) ?? ""));
  }
});

test("exhibit does not capture itself, and never stops what it runs below", () => {
  const inShell = (script: string) =>
    spawnSync("sh", ["-c", script, process.execPath, CLI, box.settings], { encoding: "utf8" });
  const before = box.ids().length;

  const itself = inShell('exec "$0" "$1" capture --pid $$ --config "$2"');
  const guarded = inShell('exec "$0" "$1" guard --pid $$ --config "$2" -- echo ran');
  assert.equal(box.ids().length, before);
  const parent = inShell('"$0" "$1" guard --pid $$ -b 8s --config "$2" -- echo ran; exit $?');

  assert.deepEqual([itself.status, guarded.status, parent.status], [1, 0, 0]);
  assert.match(itself.stderr, /^exhibit: process \d+ is exhibit itself$/m);
  assert.match(guarded.stderr, /NOTHING WAS SAVED: process \d+ is exhibit itself/);
  assert.deepEqual([guarded.stdout, parent.stdout], ["ran\n", "ran\n"]);
  assert.match(reasonOf("core"), /would stop the target: exhibit runs below it/);
  assert.equal(box.manifest().pausedMs, 0);
});

test("without rights on the target the rest is saved, exit status 3, and the missing right is named", async (t) => {
  assert.equal(process.getuid?.(), 0, "this test gives its rights away: run it as root");
  const { pid } = await start(t, NODE);
  const other = openSandbox("capture: {window: 300ms}\n");
  t.after(() => other.remove());
  for (const path of [other.folder, other.settings]) chownSync(path, 65_534, 65_534);

  const result = other.run(["capture", "--pid", String(pid), "-b", "12s"], { uid: 65_534 });

  assert.equal(result.status, 3, result.stderr);
  const manifest = other.manifest();
  const { process: facts, core, threads } = statusesOf(manifest);
  assert.deepEqual([manifest.state, facts, threads], ["partial", "partial", "partial"]);
  assert.ok(core === "failed" || core === "partial", core);
  for (const name of ["process", "open-files", "core"]) {
    const reason = manifest.collectors.find((one) => one.name === name)?.reason ?? "";
    assert.match(reason, /needs the rights of root or CAP_SYS_PTRACE/, name);
  }
  assert.match(result.stderr, /process partial: needs the rights of root or CAP_SYS_PTRACE/);
  // Nobody lets it: what was never stopped is not said to have been.
  assert.equal(manifest.pausedMs, 0);
  assert.match(result.stderr, /the target was never stopped/);
  assert.match(stateOf(pid) ?? "gone", /^[RSD]$/);
  await assertCleanAfterwards(other);
});

test("a target that somebody stopped before us is captured, core included, and stays stopped", async (t) => {
  const { pid, child } = await start(t, NODE);
  child.kill("SIGSTOP");
  await until(() => stateOf(pid) === "T", 30_000);

  const result = guard(pid, "-b", "12s", "--only", "process,stacks,core");

  assert.equal(result.status, 0);
  assert.equal(statusesOf(box.manifest()).core, "ok", JSON.stringify(box.manifest().collectors));
  assert.match(result.stderr, /stopped by a signal \(T\)/);
  assert.equal(stateOf(pid), "T");
});

test("a target that somebody else traces is told, and neither it nor the tracer is disturbed", async (t) => {
  for (const [then, state] of [
    ["shell sleep 60", "t"],
    ["continue", "S"],
  ] as const) {
    const { pid } = await start(t, NODE);
    const words = ["-nx", "-q", "-batch", "-ex", `attach ${pid}`, "-ex", "shell echo held", "-ex", then];
    // Ended before the target: a tracer's prey cannot be reaped by its parent.
    const gdb = spawn("gdb", words, { detached: true });
    let output = "";
    gdb.stdout.on("data", (data) => (output += String(data)));
    try {
      await until(() => output.includes("held") && stateOf(pid) === state, 30_000);

      const result = guard(pid, "-b", "12s", "--only", "process,stacks,core");

      assert.equal(result.status, 0);
      assert.match(reasonOf("core"), /already traced by process \d+/);
      assert.match(result.stderr, /core .*already traced by process/);
      assert.equal(box.manifest().pausedMs, 0, "what the other tracer does is not our pause");
      assert.equal(stateOf(pid), state);
      assert.match(readFileSync(`/proc/${pid}/status`, "utf8"), new RegExp(`^TracerPid:\\t${gdb.pid}$`, "m"));
    } finally {
      process.kill(-(gdb.pid ?? 0), "SIGKILL");
    }
  }
});
