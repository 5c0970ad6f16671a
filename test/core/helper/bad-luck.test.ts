// Needs: gcc gdb
// What a process may be or do when somebody wants its core. In every case it goes on exactly as it was, and why there is no
// snapshot is said in words.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { CoreRefusal } from "../../../src/core/core-helper.ts";
import {
  childrenOf,
  compile,
  flagsOf,
  goesOn,
  startCoreTarget,
  startTimeOf,
  type CoreTarget,
} from "../../helpers/core-target.ts";
import { HELPER, takeCore } from "../../helpers/take-core.ts";
import { until } from "../../helpers/until.ts";

const { program, remove } = compile("target");
const folder = mkdtempSync(join(tmpdir(), "exhibit-bad-luck-"));
// Other users start programs of it.
chmodSync(folder, 0o755);
execFileSync("cp", [program, join(folder, "target")]);
after(() => {
  remove();
  rmSync(folder, { recursive: true });
});

async function started(t: TestContext, args: readonly string[] = ["8"], before: readonly string[] = []) {
  const target = await startCoreTarget(join(folder, "target"), args, before);
  t.after(target.end);
  return target;
}

/** The reason of the refusal; fails when there is a core. */
async function refusalOf(target: { readonly pid: number; readonly startTime: string }, method = "snapshot") {
  const path = join(folder, `refused-${target.pid}-${method}`);
  const { pid, startTime } = target;
  try {
    await takeCore({ pid, startTime, method: method === "stop" ? "stop" : "snapshot", path });
  } catch (error) {
    assert.ok(error instanceof CoreRefusal, String(error));
    return error.message;
  }
  return assert.fail("there is a core");
}

/** Takes a core in spite of everything. */
async function coreOf({ pid, startTime }: CoreTarget, method: "snapshot" | "stop" = "snapshot") {
  const path = join(folder, `core-${pid}-${method}`);
  const taken = await takeCore({ pid, startTime, method, path });
  assert.deepEqual(taken.complete.problems, []);
  rmSync(path);
  return taken;
}

test("a process that is traced already is left alone, and its tracer is named", async (t) => {
  const target = await started(t);
  const flags = flagsOf(target.pid);
  const gdb = spawn("gdb", ["-nx", "-q", "-p", String(target.pid), "-ex", "continue"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  const tracer = () => /^TracerPid:\t(\d+)/m.exec(readFileSync(`/proc/${target.pid}/status`, "latin1"))?.[1];
  await until(() => tracer() === String(gdb.pid), 20_000, "gdb has attached");

  for (const method of ["snapshot", "stop"])
    assert.equal(await refusalOf(target, method), `the target is already traced, by process ${gdb.pid ?? 0}`);

  const { beats } = target.look();
  await until(() => target.look().beats > beats, 20_000, "gdb lets it run");
  gdb.kill("SIGKILL");
  await once(gdb, "exit");
  await goesOn(target, flags);
});

test("a zombie, an ended process and a reused pid have no core", async () => {
  const parent = spawn("sh", ["-c", "true & exec sleep 30"], { stdio: "ignore" });
  const zombie = () => Number(childrenOf(parent.pid ?? 0));
  await until(() => zombie() > 0 && /\) Z /.test(readFileSync(`/proc/${zombie()}/stat`, "latin1")), 5000);

  const asZombie = await refusalOf({ pid: zombie(), startTime: startTimeOf(zombie()) });
  const asOther = await refusalOf({ pid: parent.pid ?? 0, startTime: "1" });
  parent.kill("SIGKILL");
  await once(parent, "exit");

  assert.equal(asZombie, "the target has ended: it is a zombie");
  assert.equal(asOther, "the target has ended");
});

test("a thread that cannot be stopped is found before any other is stopped", async (t) => {
  const target = await started(t, ["8", "vfork"]);
  const { pid } = target;
  await until(() => childrenOf(pid) !== "", 30_000);

  for (const method of ["snapshot", "stop"])
    assert.match(
      await refusalOf(target, method),
      /^thread \d+ cannot be stopped: it is in uninterruptible sleep$/,
    );

  const { beats } = target.look();
  await until(() => target.look().beats > beats + 10, 30_000);
  for (const child of childrenOf(pid).split(" ")) process.kill(Number(child), "SIGKILL");
});

for (const [name, number] of [
  ["clone", 56],
  ["madvise", 28],
  ["wait4", 61],
  ["rt_sigreturn", 15],
] as const)
  test(`a seccomp filter that forbids ${name} is read, and nothing is called`, async (t) => {
    const target = await started(t, ["8", "forbid", String(number)]);
    const flags = flagsOf(target.pid);

    assert.equal(await refusalOf(target), `the target's seccomp filter does not allow ${name}`);
    await goesOn(target, flags);
    await coreOf(target, "stop");
    await goesOn(target, flags);
  });

test("a filter that forbids something else is no reason", async (t) => {
  const target = await started(t, ["8", "forbid", "101"]);
  const flags = flagsOf(target.pid);

  await coreOf(target);

  await goesOn(target, flags);
});

test("threads that come and go all the time, and one that never waits, are all stopped and go on", async (t) => {
  const target = await started(t, ["8", "threads", "busy"]);

  const { standing } = await coreOf(target);

  assert.ok(standing.threads.length >= 10);
  const { beats } = target.look();
  await until(() => target.look().beats > beats + 10, 30_000);
  assert.equal(target.look().strayed, 0);
});

test("signals that come all the time reach the thread they are for, once and with what was sent along", async (t) => {
  const target = await started(t, ["8", "signals"]);
  const flags = flagsOf(target.pid);
  await until(() => target.completed() > 100, 30_000);

  for (const method of ["snapshot", "snapshot", "snapshot", "stop"] as const) await coreOf(target, method);

  const came = target.completed();
  await until(
    () => target.completed() > came + 100,
    30_000,
    "none was lost: the next one is sent when one has come",
  );
  await goesOn(target, flags);
});

test("at the limit of processes the kernel refuses the copy; the stopped process is read instead", async (t) => {
  // Not as root, who has no such limit. Nobody else runs as this user.
  const words = ["setpriv", "--reuid=64999", "--regid=64999", "--clear-groups", "prlimit", "--nproc=8"];
  const target = await started(t, ["8"], words);
  const flags = flagsOf(target.pid);

  assert.equal(
    await refusalOf(target),
    "the kernel refuses a copy: EAGAIN, the limit of processes is reached",
  );
  await goesOn(target, flags);
  await coreOf(target, "stop");
  await goesOn(target, flags);
});

test("in a memory cgroup without room there is no copy, and the reason has the numbers", async (t) => {
  const isOld = existsSync("/sys/fs/cgroup/memory/memory.usage_in_bytes");
  const group = `/sys/fs/cgroup/${isOld ? "memory/" : ""}exhibit-test-${process.pid}`;
  mkdirSync(group);
  writeFileSync(`${group}/${isOld ? "memory.limit_in_bytes" : "memory.max"}`, String(64 * 1024 ** 2));
  const enter = ["sh", "-c", `echo $$ > ${group}/cgroup.procs; exec "$@"`, "sh"];
  const target = await startCoreTarget(join(folder, "target"), ["24"], enter);
  t.after(async () => {
    target.end();
    await until(() => readFileSync(`${group}/cgroup.procs`, "latin1") === "", 30_000);
    rmdirSync(group);
  });
  const flags = flagsOf(target.pid);

  assert.match(
    await refusalOf(target),
    /^too little memory for a copy: \d+ MiB left in its memory cgroup, \d+ MiB needed$/,
  );
  await goesOn(target, flags);
});

test("the first process of a pid namespace has a core, and must not be restarted before it is whole", async (t) => {
  const target = await started(t, ["8"], ["unshare", "--pid", "--fork", "--kill-child"]);
  const flags = flagsOf(target.pid);
  assert.equal(target.told.pid, 1);

  const { standing, complete } = await coreOf(target);

  assert.equal(standing.survivesRestart, false);
  assert.equal(complete.reaped, true);
  await goesOn(target, flags);
});

test("a process that is ended while its copy is read has a whole core all the same", async (t) => {
  const target = await started(t, ["64"]);
  const { pid, startTime } = target;
  const { prepareCore } = await import("../../../src/core/core-helper.ts");
  const prepared = await prepareCore({
    pid,
    startTime,
    method: "snapshot",
    maxPauseMs: 5000,
    runId: undefined,
    program: HELPER,
    path: join(folder, "ended.zst"),
    through: [["zstd", "-1", "-q", "-c"]],
  });

  const { standing, finished } = await prepared.take();
  target.end();
  const complete = await finished;

  assert.equal(standing.survivesRestart, true);
  assert.deepEqual(complete.problems, []);
  const { stdout } = spawnSync("zstd", ["-dc", join(folder, "ended.zst")], { maxBuffer: 1 << 30 });
  assert.equal(stdout.length, complete.coreBytes);
  assert.ok(stdout.includes(target.told.planted));
});

test("a 32-bit program is refused by both methods", async (t) => {
  const path = join(folder, "program32");
  writeFileSync(path, smallest32(), { mode: 0o755 });
  const child = spawn(path, { stdio: "ignore" });
  await once(child, "spawn");
  t.after(() => child.kill("SIGKILL"));
  const target = { pid: child.pid ?? 0, startTime: startTimeOf(child.pid ?? 0) };

  for (const method of ["snapshot", "stop"])
    assert.equal(await refusalOf(target, method), "the target is not a 64-bit program");
  assert.match(readFileSync(`/proc/${child.pid}/status`, "latin1"), /^State:\t[SR]/m);
});

/** An ELF file of 32 bits whose one page of code waits for ever: `mov $29, %eax; int $0x80; jmp back` (pause). */
function smallest32(): Buffer {
  const bytes = Buffer.alloc(96);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  const [type, machine] = [2, 3];
  bytes.writeUInt16LE(type, 16);
  bytes.writeUInt16LE(machine, 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeUInt32LE(0x0804_8054, 24);
  bytes.writeUInt32LE(52, 28);
  bytes.writeUInt16LE(52, 40);
  bytes.writeUInt16LE(32, 42);
  bytes.writeUInt16LE(1, 44);
  for (const [index, word] of [1, 0, 0x0804_8000, 0x0804_8000, 96, 96, 5, 4096].entries())
    bytes.writeUInt32LE(word, 52 + 4 * index);
  bytes.set([0xb8, 29, 0, 0, 0, 0xcd, 0x80, 0xeb, 0xf7], 84);
  return bytes;
}

test("a pipe whose reader ends takes the core with it, and leaves nothing else", async (t) => {
  const target = await started(t, ["64"]);
  const { pid, startTime } = target;
  const flags = flagsOf(pid);

  const taking = takeCore({
    pid,
    startTime,
    method: "snapshot",
    path: join(folder, "broken"),
    through: [["head", "-c", "1000000"]],
  });

  await assert.rejects(taking, /^ExhibitError: the core broke off: the compressor ended early$/);
  await until(() => childrenOf(pid) === "", 30_000, "the copy is gone, and waited for");
  await goesOn(target, flags);
});
