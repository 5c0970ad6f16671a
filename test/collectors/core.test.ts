import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readFile, readdir, readlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Collector, CommandOutput } from "../../src/collectors/collector.ts";
import core from "../../src/collectors/core.ts";
import { CommandError } from "../../src/errors.ts";
import { collectRecorded, fixture, type Recording } from "../helpers/recorded.ts";

let folder = "";
let child: ChildProcess;
let whole: Awaited<ReturnType<typeof collectRecorded>>;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "exhibit-core-"));
  child = spawn("/bin/sleep", ["100"], { stdio: "ignore" });
  await once(child, "spawn");
  const { collector, recording } = live("whole");
  whole = await collectRecorded(collector, { ...recording, options: { method: "gdb" } });
});

after(() => {
  child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

function runNow([command, ...args]: readonly [string, ...string[]]): Promise<CommandOutput> {
  return new Promise((resolve) => {
    execFile(command, args, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : Number(error.code);
      resolve({ stdout, stderr, exitCode, signal: undefined, truncated: false });
    });
  });
}

/** The collector on a real process and a real gdb; only its folder is the test's. */
function live(name: string): { collector: Collector; recording: Recording } {
  const pid = child.pid ?? 0;
  const startTime = readFileSync(`/proc/${pid}/stat`, "latin1").split(" ")[21] ?? "";
  const collector: Collector = {
    ...core,
    collect: (context) =>
      core.collect({
        ...context,
        has: async () => true,
        reserve: async () => join(folder, name),
        run: runNow,
        process: {
          ...context.process,
          read: (path) => readFile(`/proc/${pid}/${path}`),
          list: (path) => readdir(`/proc/${pid}/${path}`),
          link: (path) => readlink(`/proc/${pid}/${path}`, "buffer"),
        },
      }),
  };
  return { collector, recording: { target: { pid, startTime } } };
}

test("core takes a real process's memory by gdb and says how to open it", () => {
  const { readings, saved, gaps, methods } = whole;

  const facts = JSON.parse(saved.get("core.json") ?? "{}");
  assert.deepEqual(gaps, []);
  assert.deepEqual(methods, ["gdb"]);
  assert.equal(facts.complete, true);
  assert.equal(facts.threads, 1);
  assert.match(facts.open, /^gdb \/\S*(?:sleep|coreutils|busybox) core$/);
  assert.equal(facts.sizeBytes, statSync(join(folder, "whole")).size);
  assert.match(facts.buildId, /^[0-9a-f]{40}$/);
  assert.deepEqual(
    readings.map(({ id, value, unit }) => ({ id, value, unit })),
    [{ id: "core-size", value: facts.sizeBytes, unit: "bytes" }],
  );
});

test("core is never called complete when the target is not the same afterwards", async () => {
  const { collector, recording } = live("replaced");

  const { readings, saved, gaps } = await collectRecorded(collector, {
    ...recording,
    options: { method: "gdb" },
    target: { ...recording.target, startTime: "1" },
  });

  assert.deepEqual(readings, []);
  assert.deepEqual(gaps, ["the target ended while the core was taken, so parts of it may be empty"]);
  assert.equal(JSON.parse(saved.get("core.json") ?? "{}").complete, false);
});

test("core by gdb is not called complete when the target's coredump_filter leaves its memory out", async (t) => {
  const { collector, recording } = live("filtered");
  const filter = `/proc/${child.pid ?? 0}/coredump_filter`;
  writeFileSync(filter, "0x10");
  t.after(() => writeFileSync(filter, "0x33"));

  const { readings, saved, gaps } = await collectRecorded(collector, {
    ...recording,
    options: { method: "gdb" },
  });

  assert.deepEqual(readings, []);
  assert.match(
    gaps.join(),
    /^the target's coredump_filter \(0x10\) leaves its private memory out of the core; with 0x33 in \/proc\/\d+\/coredump_filter it would be in it$/,
  );
  assert.equal(JSON.parse(saved.get("core.json") ?? "{}").complete, false);
});

test("core fails with gdb's reason when nothing was written", async () => {
  const collecting = collectRecorded(core, {
    options: { method: "gdb" },
    commands: { "gdb *": { exitCode: 1, stderr: fixture("gdb/core-traced.stderr.txt") } },
    process: { "task/42/stat": "", stat: "" },
  });

  await assert.rejects(collecting, (error) => {
    assert.ok(error instanceof CommandError);
    assert.equal(
      error.message,
      "gdb: no core of process 42: process 10053 is already traced by process 10054",
    );
    return true;
  });
});

test("core on illumos lets gcore add the pid and gives its reason when it refuses", async () => {
  const collecting = collectRecorded(core, {
    platform: "illumos",
    target: { pid: 1234 },
    commands: {
      "gcore -o /recorded/core 1234": { exitCode: 1, stderr: fixture("illumos/gcore/err-permission.txt") },
    },
  });

  await assert.rejects(collecting, new CommandError("gcore: no core of process 1234: permission denied"));
});

test("core on illumos checks the file that gcore says it wrote", async () => {
  const path = join(folder, "100% sure", "core.1234");
  mkdirSync(join(folder, "100% sure"));
  copyFileSync(join(folder, "whole"), path);
  const collector: Collector = {
    ...core,
    collect: (context) => core.collect({ ...context, reserve: async () => path }),
  };
  const collect = (stdout: string) =>
    collectRecorded(collector, {
      platform: "illumos",
      target: { pid: 1234 },
      commands: { [`gcore -o ${folder}/100%% sure/core 1234`]: { stdout } },
    });

  const good = await collect(`gcore: ${path} dumped\n`);
  const silent = await collect("");

  assert.deepEqual(good.gaps, []);
  assert.deepEqual(
    good.readings.map(({ value }) => value),
    [statSync(path).size],
  );
  assert.deepEqual(silent.gaps, ["gcore does not say that it wrote the core"]);
  assert.deepEqual(silent.readings, []);
});

test("core refuses options that it does not know", async () => {
  await assert.rejects(collectRecorded(core, { options: { metod: "gdb" } }), /unrecognized/i);
});

test("core predicts its pause by gdb from the virtual size, and the worst when that is unknown", () => {
  const base = { pid: 1, startTime: "1", command: "x", runtime: { name: "native" } } as const;
  const gdbs = { platform: "linux", options: { method: "gdb" } } as const;

  assert.deepEqual(core.estimate({ ...base, virtualBytes: 400_000_000, residentBytes: 1 }, 0, gdbs), {
    timeMs: 2800,
    pauseMs: 1300,
    sizeBytes: 400_000_000,
  });
  assert.equal(core.estimate(base, 0, gdbs).sizeBytes, 16 * 1024 ** 3);
});

test("core predicts a snapshot's pause from the memory in use, far below that of the stopped target", () => {
  const target = { pid: 1, startTime: "1", command: "x", runtime: { name: "native" } } as const;
  const known = { ...target, virtualBytes: 9e9, residentBytes: 4e9 };
  const by = (method: string) => core.estimate(known, 0, { platform: "linux", options: { method } });

  assert.deepEqual(by("auto"), by("snapshot"));
  assert.equal(by("auto").pauseMs, 270);
  assert.equal(by("stop").pauseMs, 8030);
  assert.equal(by("stop").sizeBytes, 4e9);
});
