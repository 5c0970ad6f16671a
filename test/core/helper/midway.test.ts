// Needs: gcc
// Memory that is not what it seems, and a target or a helper that changes its mind in the middle. The target goes on as it was.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { CoreRefusal, prepareCore } from "../../../src/core/core-helper.ts";
import { openCore } from "../../helpers/core-file.ts";
import {
  childrenOf,
  compile,
  flagsOf,
  goesOn,
  startCoreTarget,
  type CoreTarget,
} from "../../helpers/core-target.ts";
import { mountSmall } from "../../helpers/mounted.ts";
import { HELPER, takeCore } from "../../helpers/take-core.ts";
import { until } from "../../helpers/until.ts";

const compiled = compile("target");
const folder = mkdtempSync(join(tmpdir(), "exhibit-memory-"));
// Other users start programs of it.
chmodSync(folder, 0o755);
const program = join(folder, "target");
copyFileSync(compiled.program, program);
after(() => {
  compiled.remove();
  rmSync(folder, { recursive: true });
});
const idOf = ({ pid, startTime }: CoreTarget) => ({ pid, startTime });
let cores = 0;
const newPath = () => join(folder, `core-${cores++}`);
const ZSTD = [["zstd", "-1", "-q", "-c"]] as const;
const status = (pid: number) => readFileSync(`/proc/${pid}/status`, "latin1");

async function started(t: TestContext, args: readonly string[], before: readonly string[] = []) {
  const target = await startCoreTarget(program, args, before);
  t.after(target.end);
  return target;
}

async function prepared(
  { pid, startTime }: CoreTarget,
  options: Partial<Parameters<typeof prepareCore>[0]> = {},
) {
  const usual = { method: "snapshot", maxPauseMs: 5000, runId: undefined, program: HELPER } as const;
  return prepareCore({ ...usual, pid, startTime, path: newPath(), through: ZSTD, ...options });
}

async function goesOnAlone(target: CoreTarget, flags: string): Promise<void> {
  await goesOn(target, flags);
  await until(() => childrenOf(target.pid) === "", 30_000, "nothing of a copy is left");
  assert.match(status(target.pid), /^TracerPid:\t0$/m);
}

test("where the kernel promises no more memory there is no copy; the stopped process is read instead", async (t) => {
  // The account that vm.overcommit_memory=2 keeps of all processes together; here it is overdrawn by one, for nobody else.
  const target = await started(t, ["8", "wide"]);
  const flags = flagsOf(target.pid);

  await assert.rejects(
    takeCore({ ...idOf(target), method: "snapshot", path: newPath() }),
    /the kernel refuses a copy: ENOMEM, not enough memory to promise \(vm\.overcommit_memory\)/,
  );
  await goesOnAlone(target, flags);

  const { complete } = await takeCore({ ...idOf(target), method: "stop", path: newPath() });
  assert.deepEqual(complete.problems, []);
  await goesOnAlone(target, flags);
});

test("a huge page is in the core with what it held", async (t) => {
  const pool = "/proc/sys/vm/nr_hugepages";
  const before = readFileSync(pool, "latin1");
  // Enough that the copy and the target may each have one of their own.
  writeFileSync(pool, String(Number(before) + 4));
  t.after(() => writeFileSync(pool, before));
  const target = await started(t, ["8", "huge"]);
  const flags = flagsOf(target.pid);

  for (const method of ["snapshot", "stop"] as const) {
    const path = newPath();
    const { complete } = await takeCore({ ...idOf(target), method, path });
    assert.deepEqual(complete.problems, []);
    const core = openCore(path);
    assert.ok(core.bytes(target.extra(), 2 << 20).equals(Buffer.alloc(2 << 20, "H")), method);
    core.close();
    await goesOnAlone(target, flags);
  }
  target.end();
  await once(target.child, "exit");
});

test("a ring of io_uring goes on where it was, with the read that waits in it", async (t) => {
  const target = await started(t, ["8", "uring"]);
  await until(() => target.completed() > 10, 30_000);
  const flags = flagsOf(target.pid);

  const { complete } = await takeCore({ ...idOf(target), method: "snapshot", path: newPath() });

  assert.deepEqual(complete.problems, []);
  const { strayed, wrong } = target.look();
  assert.deepEqual({ strayed, wrong }, { strayed: 0, wrong: 0 });
  const done = target.completed();
  await until(() => target.completed() > done + 100, 30_000, "its calls come back");
  await goesOnAlone(target, flags);
});

test("a file that is mapped shared is in the core as it was in the pause, whatever is written to it after", async (t) => {
  const file = join(folder, "mapped");
  writeFileSync(file, Buffer.alloc(1 << 20, "F"));
  const target = await started(t, ["16", "file", file]);
  const flags = flagsOf(target.pid);
  // core(5): shared memory of files is not dumped unless it is asked for.
  writeFileSync(`/proc/${target.pid}/coredump_filter`, "0x3b");
  const path = newPath();

  const { take } = await prepared(target, { path, through: [] });
  const { finished } = await take();
  writeFileSync(file, Buffer.alloc(1 << 20, "G"), { flag: "r+" });
  const complete = await finished;

  assert.deepEqual(complete.problems, []);
  const core = openCore(path);
  assert.ok(core.bytes(target.extra(), 1 << 20).equals(Buffer.alloc(1 << 20, "F")));
  core.close();
  await goesOnAlone(target, flags);
});

test("a program that begins another after it was looked at is refused by both methods, and the other one runs", async (t) => {
  for (const method of ["snapshot", "stop"] as const) {
    const target = await started(t, ["8", "exec"]);
    const { take } = await prepared(target, { method });
    target.child.kill("SIGUSR1");
    await until(() => /^Name:\tsleep$/m.test(status(target.pid)), 30_000);

    await assert.rejects(take(), /the target has begun another program/, method);

    await until(() => /^State:\tS/m.test(status(target.pid)), 30_000);
    assert.match(status(target.pid), /^TracerPid:\t0$/m);
    assert.equal(target.child.exitCode ?? target.child.signalCode, null);
  }
});

test("a program that begins another while its copy is read has a whole core, and the other one is not touched", async (t) => {
  const target = await started(t, ["64", "exec"]);
  const path = newPath();
  const { take } = await prepared(target, { path });
  const { finished } = await take();
  target.child.kill("SIGUSR1");
  await until(() => /^Name:\tsleep$/m.test(status(target.pid)), 30_000);

  const complete = await finished;

  assert.deepEqual(complete.problems, []);
  // Its zombie waits for the end of a program that knows nothing of it.
  assert.equal(complete.reaped, false);
  const { stdout } = spawnSync("zstd", ["-dc", path], { maxBuffer: 1 << 30 });
  assert.ok(stdout.includes(target.told.planted));
  await until(() => /^State:\tS/m.test(status(target.pid)), 30_000);
  assert.match(status(target.pid), /^TracerPid:\t0$/m);
  assert.equal(target.child.exitCode ?? target.child.signalCode, null);
});

test("a process that ends after it was looked at has no core, by either method", async (t) => {
  for (const method of ["snapshot", "stop"] as const) {
    const target = await started(t, ["8"]);
    const { take } = await prepared(target, { method });
    target.end();
    await once(target.child, "exit");

    await assert.rejects(take(), CoreRefusal, method);
  }
});

test("a disk that is full in the middle of the stream is no core, packed or plain, and the target goes on", async (t) => {
  const disk = join(folder, "disk");
  const unmount = mountSmall(disk, 32 * 1024);
  t.after(unmount);
  const target = await started(t, ["32"]);
  const flags = flagsOf(target.pid);

  for (const [through, reason] of [
    [[], /^ExhibitError: the core broke off: no space left on the disk$/],
    [ZSTD, /^ExhibitError: the core broke off: (?:the compressor ended early|zstd ended with \d+)$/],
  ] as const) {
    const path = join(disk, "core");
    const { take } = await prepared(target, { path, through });
    const { finished } = await take();
    await assert.rejects(finished, reason);
    rmSync(path);
    await goesOnAlone(target, flags);
  }
});

test("a helper that is told to end while it reads gives up the copy, and says by what", async (t) => {
  const target = await started(t, ["64"]);
  const flags = flagsOf(target.pid);
  const { take } = await prepared(target, {
    // It takes nothing, so that the helper is in the middle for as long as we like.
    through: [["sleep", "60"]],
  });
  const { finished } = await take();
  const copy = Number(childrenOf(target.pid).split(" ").at(-1));
  process.kill(Number(/^TracerPid:\t(\d+)$/m.exec(status(copy))?.[1]), "SIGTERM");

  await assert.rejects(finished, /^ExhibitError: the core broke off: it was ended by SIGTERM$/);
  await goesOnAlone(target, flags);
});

test("without the right to trace it, no method takes a core of a process, and nothing of it is stopped", async (t) => {
  const target = await started(t, ["8"]);
  const flags = flagsOf(target.pid);
  const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...HELPER] as const;

  for (const method of ["snapshot", "stop"] as const)
    await assert.rejects(
      prepared(target, { method, program: asNobody }),
      (error) =>
        error instanceof CoreRefusal &&
        error.pausedMs === 0 &&
        /may not be read|EACCES|EPERM/.test(error.message),
    );
  await goesOnAlone(target, flags);
});
