import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  isAlive,
  readBootId,
  readOwnIdentity,
  readPidNamespace,
  startedAt,
} from "../../src/host/process-identity.ts";
import { parseProcStat } from "../../src/parsers/proc-stat.ts";
import { until } from "../helpers/until.ts";

test("this process is alive under its own start time, and under no other", () => {
  const { pid, startTime } = readOwnIdentity();

  assert.equal(pid, process.pid);
  assert.equal(isAlive(pid, startTime), true);
  assert.equal(isAlive(pid, String(BigInt(startTime) - 1n)), false);
});

test("a process that ended is not alive, collected by its parent or not", async () => {
  // The shell's child ends, and sleep, which took the shell's place, never waits for it.
  const parent = spawn("sh", ["-c", "sh -c 'echo $$' & exec sleep 60"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [line] = await once(parent.stdout, "data");
  const pid = Number(String(line));
  const look = () => parseProcStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
  await until(() => look()?.state === "Z", 30_000);
  const startTime = look()?.startTime ?? "";

  const asZombie = isAlive(pid, startTime);
  parent.kill("SIGKILL");
  await once(parent, "exit");
  const collected = isAlive(parent.pid ?? 0, startTime);

  assert.equal(asZombie, false);
  assert.equal(collected, false);
});

test("numbers that are no pid are not alive", () => {
  assert.deepEqual(
    [0, -1, 1.5, Number.NaN].map((pid) => isAlive(pid, "1")),
    [false, false, false, false],
  );
});

test("boot and pid namespace of this host are known, and a start time is a moment since the boot", () => {
  const at = Date.parse(startedAt(readOwnIdentity().startTime) ?? "");

  assert.match(readBootId(), /^[0-9a-f-]{36}$/);
  assert.match(readPidNamespace(), /^pid:\[\d+\]$/);
  assert.ok(at <= Date.now() + 1000 && at > Date.now() - 600_000, `${at}`);
  assert.equal(startedAt("no number"), undefined);
});
