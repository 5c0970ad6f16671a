// Needs: gcc gdb
// The chain of methods as a person meets it: what is done where a core is refused, or finds no room; each with the reason.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { compile, startCoreTarget } from "../helpers/core-target.ts";
import { openSandbox } from "../helpers/exhibit.ts";
import { mountSmall } from "../helpers/mounted.ts";
import { start } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

const box = openSandbox();
const { program, remove } = compile("target");
after(() => {
  box.remove();
  remove();
});

const coreOf = ({ manifest } = box) => manifest().collectors.find(({ name }) => name === "core");

async function started(t: TestContext, args: readonly string[]) {
  const target = await startCoreTarget(program, args);
  t.after(target.end);
  return target;
}

test("where a copy is refused the stopped target is read, and the manifest says why", async (t) => {
  const target = await started(t, ["16", "forbid", "56"]);

  const done = box.run(["capture", "--pid", String(target.pid), "--only", "core", "-b", "30s"]);

  assert.equal(done.status, 0, done.stderr);
  const { instead } = JSON.parse(box.read("evidence/core/core.json"));
  const reason = "the target's seccomp filter does not allow clone";
  assert.deepEqual([coreOf()?.method, instead], ["stop", [{ method: "snapshot", reason }]]);
  assert.ok(existsSync(join(box.spool, box.ids().at(-1) ?? "", "evidence/core/core-stopped.zst")));
  assert.equal(target.look().wrong + target.look().strayed, 0);
});

test("with a thread that cannot be stopped no tool is let at the target: it runs on, and kernel stacks are what there is", async (t) => {
  const target = await started(t, ["8", "stuck"]);
  const children = () =>
    readdirSync(`/proc/${target.pid}/task`)
      .flatMap((thread) => readFileSync(`/proc/${target.pid}/task/${thread}/children`, "latin1").split(" "))
      .filter(Boolean);
  await until(() => children().length > 0, 30_000, "a thread is in vfork(2)");

  for (const method of ["auto", "gdb"]) {
    const flags = ["--only", "stacks,core", "--core", method, "-b", "30s"];
    const done = box.run(["capture", "--pid", String(target.pid), ...flags]);

    assert.equal(done.status, 3, done.stderr);
    const stuck = "thread \\d+ cannot be stopped: it is in uninterruptible sleep";
    const before = method === "auto" ? "no core of process \\d+: snapshot, stop, gdb: " : "";
    assert.match(coreOf()?.reason ?? "", new RegExp(`^${before}${stuck}$`));
    const stacks = box.manifest().collectors.find(({ name }) => name === "stacks");
    assert.deepEqual([stacks?.status, stacks?.commands.length], ["partial", 0]);
    assert.match(stacks?.reason ?? "", new RegExp(`there are only kernel stacks: ${stuck}`));
    assert.match(box.read("evidence/stacks/kernel-stacks.1.txt"), /\S/);
    assert.equal(box.manifest().pausedMs, 0);
  }
});

test("shared memory that was too much to be copied in the pause is told of where the core is", async (t) => {
  const target = await started(t, ["8", "share", "70"]);

  const done = box.run(["capture", "--pid", String(target.pid), "--only", "core", "-b", "30s"]);

  const later = `${70 << 20} bytes of shared memory are of a later moment than the rest`;
  assert.equal(done.status, 0, done.stderr);
  assert.match(
    done.stderr,
    new RegExp(`A core of \\d+ MB with 8 threads was taken by snapshot and checked; ${later}\\.`),
  );
  assert.deepEqual(JSON.parse(box.read("evidence/core/core.json")).remarks, [later]);
});

/** Memory that does not compress, in the background of a service. */
const SERVICE = `
  const kept = Array.from({ length: 150 }, () => require("node:crypto").randomBytes(1 << 20));
  setInterval(() => kept.length, 1000);
  console.log("up");
`;

/** A spool with less room than a core of the service takes, and with more than one takes as a rule. */
function openSmallSandbox(t: Parameters<typeof start>[0]) {
  const small = openSandbox();
  const unmount = mountSmall(small.spool, 130 << 20);
  t.after(() => {
    unmount();
    small.remove();
  });
  const cores = () => readdirSync(join(small.spool, small.ids().at(-1) ?? "", "evidence/core"));
  const freeBytes = () => statfsSync(small.spool).bavail * statfsSync(small.spool).bsize;
  return { small, cores, freeBytes };
}

test("a core that fills the disk makes room for the rest, which is sealed, and for the next capture", async (t) => {
  const { pid } = await start(t, [process.execPath, "-e", SERVICE]);
  const { small, cores, freeBytes } = openSmallSandbox(t);

  const done = small.run(["capture", "--pid", String(pid), "--only", "core", "-b", "30s"]);

  assert.equal(done.status, 3, done.stderr);
  const record = coreOf(small);
  assert.equal(record?.status, "partial");
  assert.equal(
    record?.reason,
    "the core broke off: no room is left beside the reserve (spool.keepFree); what there was of it is removed, so that the rest can be sealed",
  );
  assert.deepEqual(cores(), ["core.json"]);
  assert.ok(freeBytes() > 120 << 20);
  assert.equal(small.run(["verify", "last"]).status, 0);
});

test("a core that fills the disk after its capture was killed does not keep the next command from sealing the rest", async (t) => {
  const { pid } = await start(t, [process.execPath, "-e", SERVICE]);
  const { small, cores, freeBytes } = openSmallSandbox(t);
  const capture = small.start(["capture", "--pid", String(pid), "--only", "core", "-b", "30s"]);
  const stands = () => readdirSync(small.spool).some((name) => name.endsWith(".late.jsonl"));
  await until(stands, 30_000, "it stands");
  capture.kill("SIGKILL");
  await once(capture, "close");
  await until(() => freeBytes() < 4 << 20, 60_000, "the disk is full");

  const sealed = () => existsSync(join(small.spool, small.ids().at(-1) ?? "", "manifest.json"));
  await until(() => small.run(["ls"]).status === 0 && sealed(), 60_000, "the next command seals it");

  const record = coreOf(small);
  assert.equal(record?.status, "partial");
  assert.match(
    record?.reason ?? "",
    /^the core broke off: .*; the disk was full: what there was of the core is removed$/,
  );
  assert.deepEqual(cores(), ["core.json"]);
  assert.ok(freeBytes() > 120 << 20);
});
