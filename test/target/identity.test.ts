import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { z } from "zod";
import { openProcess } from "../../src/host/process-files.ts";
import { checkIdentity, identityOf } from "../../src/target/identity.ts";
import { programOf } from "../helpers/program.ts";
import { childrenOf, end, start } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

test("a process is identified by pid, start time and boot", async (t) => {
  const held = openProcess(process.pid);
  t.after(held.close);

  const identity = identityOf(held);

  const fields = readFileSync("/proc/self/stat", "latin1").split(") ").at(-1)?.split(" ");
  assert.deepEqual(identity, {
    pid: process.pid,
    startTime: fields?.[19],
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
  });
});

test("a process that executes another program is still the same one", async (t) => {
  const { pid, child } = await start(t, ["sh", "-c", "echo up; read x; exec sleep 1000"]);
  const held = openProcess(pid);
  t.after(held.close);
  const identity = identityOf(held);

  child.stdin?.write("\n");
  await until(() => held.readSync("comm").toString() === "sleep\n", 30_000);

  assert.deepEqual(checkIdentity(held, identity), { same: true });
});

test("a process that has ended is gone", async (t) => {
  const { pid, child } = await start(t, ["sh", "-c", "echo up; read x"]);
  const held = openProcess(pid);
  t.after(held.close);
  const identity = identityOf(held);

  await end(child);

  assert.deepEqual(checkIdentity(held, identity), { same: false, found: "gone" });
  assert.throws(() => identityOf(held), { name: "TargetError", message: `process ${pid} is gone` });
});

test("a process that has ended and is not yet collected is a zombie", async (t) => {
  // sleep takes over a child that it never waits for.
  const { pid } = await start(t, ["sh", "-c", "sleep 1000 & echo up; exec sleep 1000"]);
  const [child = 0] = childrenOf(pid);
  const held = openProcess(child);
  t.after(held.close);
  const identity = identityOf(held);
  // Until then it is a shell, which would collect it.
  await until(() => readFileSync(`/proc/${pid}/comm`, "latin1") === "sleep\n", 30_000);

  process.kill(child, "SIGKILL");
  await until(() => !checkIdentity(held, identity).same, 30_000);

  assert.deepEqual(checkIdentity(held, identity), { same: false, found: "zombie" });
});

test("another boot and another start make another process", async (t) => {
  const held = openProcess(process.pid);
  t.after(held.close);
  const identity = identityOf(held);

  const boot = checkIdentity(held, { ...identity, bootId: "another" });
  const started = checkIdentity(held, { ...identity, startTime: "1" });

  assert.deepEqual(boot, { same: false, found: "another process (the host was booted meanwhile)" });
  assert.ok(!started.same);
  assert.match(started.found, /^another process \(started \d{4}-\d\d-\d\dT[\d:.]+Z\)$/);
});

const Seen = z.object({
  reused: z.boolean(),
  before: z.unknown(),
  read: z.string(),
  held: z.unknown(),
  anew: z.object({ same: z.literal(false), found: z.string() }),
});

test("a pid that was given to another process is never taken for the first one", () => {
  assert.equal(
    process.getuid?.(),
    0,
    'needs root for a pid namespace: sudo env "PATH=$PATH" node --import tsx --test test/target/identity.test.ts',
  );
  const script = fileURLToPath(new URL("../helpers/reuse-pid.ts", import.meta.url));

  const output = execFileSync(
    "unshare",
    ["--pid", "--fork", "--kill-child", "--mount-proc", ...programOf(script)],
    { encoding: "utf8" },
  );

  const seen = Seen.parse(JSON.parse(output));
  assert.equal(seen.reused, true);
  assert.deepEqual(seen.before, { same: true });
  assert.match(seen.read, /^(ESRCH|ENOENT)$/);
  assert.deepEqual(seen.held, { same: false, found: "gone" });
  assert.match(seen.anew.found, /^another process \(started /);
});
