// Needs: systemd, which it boots.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { bootSystemd, type Systemd } from "../helpers/systemd.ts";

let systemd: Systemd | undefined;

before(async () => {
  systemd = await bootSystemd();
});

after(async () => {
  await systemd?.stop();
});

function booted(): Systemd {
  assert.ok(systemd, "systemd was not booted");
  return systemd;
}

const Found = z.array(
  z.looseObject({
    kind: z.string(),
    asked: z.string(),
    siblings: z.array(z.number()),
    careful: z.array(z.string()),
    target: z.looseObject({
      pid: z.number(),
      command: z.string(),
      service: z.string().optional(),
      cgroup: z.string().optional(),
      runtime: z.looseObject({ name: z.string() }),
    }),
  }),
);
const Failed = z.object({ name: z.string(), message: z.string(), hint: z.string() });

/** What findTargets says when it runs inside. */
async function answer(unit: string): Promise<unknown> {
  const { stdout, stderr } = await booted().runScript(
    "test/helpers/find-targets.ts",
    JSON.stringify({ unit }),
  );
  assert.notEqual(stdout, "", stderr);
  return JSON.parse(stdout);
}

async function property(unit: string, name: string): Promise<string> {
  return (await booted().run("systemctl", "show", "--value", "-p", name, unit)).stdout.trim();
}

async function startUnit(unit: string): Promise<void> {
  const started = await booted().run("systemctl", "start", unit);
  assert.equal(started.exitCode, 0, started.stderr);
}

/** The processes with these command lines, as they are numbered inside. */
async function pidsOf(...lines: readonly string[]): Promise<readonly number[]> {
  const pids: number[] = [];
  for (const line of lines) pids.push(Number((await booted().run("pgrep", "-xf", line)).stdout));
  return pids.toSorted((a, b) => a - b);
}

const SERVICE = "[Unit]\nDefaultDependencies=no\n[Service]\nTimeoutStartSec=20\n";

test("an instance of a template unit is found by its name, with or without .service", async () => {
  await booted().addUnit("muskie@.service", `${SERVICE}ExecStart=/bin/sleep 1000\n`);
  await startUnit("muskie@7.service");

  const [short] = Found.parse(await answer("muskie@7"));
  const [long] = Found.parse(await answer("muskie@7.service"));

  assert.equal(short?.kind, "systemd");
  assert.equal(short.asked, "muskie@7");
  assert.equal(String(short.target.pid), await property("muskie@7.service", "MainPID"));
  assert.equal(short.target.service, "muskie@7.service");
  assert.equal(short.target.cgroup, "/system.slice/system-muskie.slice/muskie@7.service");
  assert.deepEqual([short.siblings, short.careful], [[], []]);
  assert.deepEqual(long?.target, { ...short.target, asked: "muskie@7.service" });
});

test("the other processes of a unit are its siblings, those in groups below it too", async () => {
  booted().addFile(
    "below.sh",
    `top=/sys/fs/cgroup; [ -d $top/systemd ] && top=$top/systemd
mkdir $top/system.slice/many.service/below && echo $$ >$top/system.slice/many.service/below/cgroup.procs || exit 1
systemd-notify --ready
exec sleep 1001\n`,
  );
  booted().addFile("many.sh", "sh /run/below.sh & sleep 1002 & exec sleep 1003\n");
  // Ready only when one process has moved to a group below.
  await booted().addUnit(
    "many.service",
    `${SERVICE}Type=notify\nNotifyAccess=all\nDelegate=yes\nExecStart=/bin/sh /run/many.sh\n`,
  );
  await startUnit("many.service");

  const [found] = Found.parse(await answer("many"));

  assert.equal(String(found?.target.pid), await property("many.service", "MainPID"));
  assert.deepEqual(found?.siblings, await pidsOf("sleep 1001", "sleep 1002"));
});

test("of a unit without a main process the biggest process is found", async () => {
  booted().addFile(
    "big.cjs",
    'require("node:fs").writeFileSync("/run/forked", ""); setInterval(() => {}, 1e6);\n',
  );
  booted().addFile(
    "forked.sh",
    `sleep 1004 &\n${process.execPath} /run/big.cjs &\nwhile ! [ -e /run/forked ]; do sleep 0.02; done\n`,
  );
  await booted().addUnit(
    "forked.service",
    `${SERVICE}Type=forking\nGuessMainPID=no\nExecStart=/bin/sh /run/forked.sh\n`,
  );
  await startUnit("forked.service");
  assert.equal(await property("forked.service", "MainPID"), "0");

  const [found] = Found.parse(await answer("forked"));

  assert.equal(found?.target.runtime.name, "node");
  assert.deepEqual(found.siblings, await pidsOf("sleep 1004"));
});

test("a unit in a slice whose name systemd escapes is found", async () => {
  await booted().addUnit("a\\x2db@.service", `${SERVICE}ExecStart=/bin/sleep 1000\n`);
  await startUnit("a\\x2db@c\\x2fd.service");

  const [found] = Found.parse(await answer("a\\x2db@c\\x2fd"));

  assert.equal(found?.target.service, "a\\x2db@c\\x2fd.service");
});

test("a unit that is not there is said to be so", async () => {
  assert.deepEqual(Failed.parse(await answer("nope")), {
    name: "TargetError",
    message: "there is no unit nope.service on this host (not-found)",
    hint: "systemctl list-units lists those there are; or name the process itself: --pid PID",
  });
});

test("a unit that does not run, or has failed, is said to be so", async () => {
  await booted().addUnit("idle.service", `${SERVICE}ExecStart=/bin/sleep 1000\n`);
  await booted().addUnit("broken.service", `${SERVICE}Type=oneshot\nExecStart=/bin/false\n`);
  await booted().run("systemctl", "start", "broken.service");

  const idle = Failed.parse(await answer("idle"));
  const broken = Failed.parse(await answer("broken"));

  assert.equal(idle.message, "idle.service is inactive: no process runs in it");
  assert.equal(broken.message, "broken.service is failed: no process runs in it");
});

test("a unit whose only process has ended is active without a process", async () => {
  await booted().addUnit(
    "once.service",
    `${SERVICE}Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n`,
  );
  await startUnit("once.service");

  const once = Failed.parse(await answer("once"));

  assert.equal(once.message, "once.service is active: no process runs in it");
});

test("what runs inside cannot reach the host", async () => {
  const marker = `exhibit-was-here-${process.pid}`;

  // Asked, not tried: the host must not suffer from a fault of this test.
  const writable = await booted().run(
    "sh",
    "-c",
    "for f in /proc/sys/kernel/panic /sys/power /proc/sysrq-trigger; do test -w $f && echo $f; done",
  );
  await booted().run("touch", `/${marker}`, `/tmp/${marker}`);
  const temporary = await booted().run("ls", "/tmp");

  assert.equal(writable.stdout, "");
  assert.match(temporary.stdout, new RegExp(marker));
  assert.doesNotMatch(temporary.stdout, /exhibit-systemd-/);
  for (const folder of ["/", "/tmp"]) assert.equal(existsSync(join(folder, marker)), false);
});
