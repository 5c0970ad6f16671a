import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import stacks from "../../src/collectors/stacks.ts";
import type { Collector, CommandOutput } from "../../src/collectors/collector.ts";
import { CommandError } from "../../src/errors.ts";
import { openProcess } from "../../src/host/process-files.ts";
import { parseEuStack } from "../../src/parsers/eu-stack.ts";
import { collectRecorded, fixture } from "../helpers/recorded.ts";

const STAT = "S 1 1 1 0 -1 0 0 0 0 0 1 2 0 0 20 0 1 0 77 0 0 0\n";
const kernel = {
  "task/42/stat": `42 (no)\nde\u001b[31m) ${STAT}`,
  "task/42/wchan": "ep_poll",
  "task/42/syscall": "232 0x5 0x7ffc 0x400 0xffffffff 0x0 0x8 0x7ffc 0x7f9f\n",
  "task/42/stack": "[<0>] ep_poll+0x3a/0x2b0\n[<0>] do_syscall_64+0x71/0x280\n",
};

function denied(): string {
  throw Object.assign(new Error("EACCES: permission denied, open"), { code: "EACCES" });
}

test("stacks takes three samples and tells where the main thread stayed", async () => {
  const stdout = fixture("eu-stack/stuck.txt").replaceAll("15409", "42");

  const { readings, saved, gaps, methods, ran } = await collectRecorded(stacks, {
    process: kernel,
    commands: { "eu-stack -p 42": { stdout } },
  });

  assert.deepEqual(ran, ["eu-stack -p 42", "eu-stack -p 42", "eu-stack -p 42"]);
  assert.deepEqual(gaps, []);
  assert.deepEqual(methods, ["eu-stack"]);
  assert.deepEqual([...saved.keys()].toSorted(), [
    "kernel-stacks.1.txt",
    "kernel-stacks.2.txt",
    "kernel-stacks.3.txt",
    "stacks.1.txt",
    "stacks.2.txt",
    "stacks.3.txt",
  ]);
  assert.deepEqual(readings, [
    {
      id: "main-thread-stack",
      text: "In all 3 samples the main thread was in __GI___lll_lock_wait, called by __pthread_mutex_lock@GLIBC_2.2.5, called by wait_for_the_lock.",
      value: 3,
      unit: "count",
      method: "eu-stack",
      line: "#0  0x00007f48262d112b __GI___lll_lock_wait",
      file: "stacks.1.txt",
    },
  ]);
});

test("stacks tells nothing of an event loop that waits for events", async () => {
  const stdout = fixture("eu-stack/node-idle.txt").replaceAll("15430", "42");

  const { readings, ran } = await collectRecorded(stacks, {
    process: kernel,
    commands: { "eu-stack -p 42": { stdout } },
  });

  assert.equal(ran.length, 3);
  assert.deepEqual(readings, []);
});

test("stacks writes the kernel's side so that a terminal is safe from it", async () => {
  const { saved } = await collectRecorded(stacks, {
    process: kernel,
    commands: { "eu-stack *": { stdout: "" } },
  });

  assert.equal(
    saved.get("kernel-stacks.1.txt"),
    [
      "TID 42 (no)\\nde\\x1b[31m) state S wchan ep_poll syscall 232 0x5 0x7ffc 0x400 0xffffffff 0x0 0x8 0x7ffc 0x7f9f",
      "[<0>] ep_poll+0x3a/0x2b0",
      "[<0>] do_syscall_64+0x71/0x280",
      "",
    ].join("\n"),
  );
});

test("stacks without eu-stack has the kernel's side, and says what is missing", async () => {
  const { readings, saved, gaps, methods, ran } = await collectRecorded(stacks, { process: kernel });

  assert.deepEqual(readings, []);
  assert.deepEqual(ran, []);
  assert.deepEqual(methods, ["proc"]);
  assert.deepEqual(gaps, [
    "eu-stack is not on this host, so there are only kernel stacks; apt-get install elfutils",
  ]);
  assert.equal(saved.size, 3);
});

test("stacks keeps what eu-stack printed before status 1, and tells whose stack is cut short", async () => {
  const output = {
    stdout: fixture("eu-stack/stuck.txt"),
    stderr: fixture("eu-stack/stuck.stderr.txt"),
    exitCode: 1,
  };

  const { gaps, saved } = await collectRecorded(stacks, {
    process: kernel,
    commands: { "eu-stack *": output },
  });

  assert.equal(saved.get("stacks.3.txt"), output.stdout);
  assert.deepEqual(gaps, [
    "the stack of 1 thread is cut short: No DWARF information found",
    "the stack of 1 thread is cut short: shown max number of frames (256, use -n 0 for unlimited)",
  ]);
});

test("stacks says why eu-stack has none, and what of the kernel's side it may not read", async () => {
  const stderr = "eu-stack: dwfl_linux_proc_report pid 42: Permission denied\n";

  const { readings, gaps, saved } = await collectRecorded(stacks, {
    process: { ...kernel, "task/42/stack": denied, "task/42/syscall": denied },
    commands: { "eu-stack *": { stderr, exitCode: 2 } },
  });

  assert.deepEqual(readings, []);
  assert.deepEqual(
    new Set(gaps),
    new Set([
      "eu-stack: dwfl_linux_proc_report pid 42: Permission denied",
      "the kernel's syscall of threads: EACCES",
      "the kernel's stack of threads: EACCES",
      "no thread's kernel stack could be read",
    ]),
  );
  assert.match(saved.get("kernel-stacks.1.txt") ?? "", /syscall unknown\nstack unknown\n/);
});

test("stacks fits its samples into a short window, and tells when there was time for fewer", async () => {
  const stdout = fixture("eu-stack/node-idle.txt");
  const recording = { process: kernel, commands: { "eu-stack *": { stdout } } };

  const short = await collectRecorded(stacks, { ...recording, windowMs: 300 });
  const none = await collectRecorded(stacks, { ...recording, windowMs: 0 });

  assert.deepEqual([short.ran.length, short.gaps], [3, []]);
  assert.deepEqual(
    [none.ran.length, none.gaps, none.readings],
    [1, ["1 of 3 samples: there was no time for more"], []],
  );
});

test("stacks shows a real process's threads, and the process goes on", async () => {
  const child = spawn(process.execPath, ["-e", "console.log(1); setInterval(() => {}, 1000)"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  assert.ok(child.pid && child.stdout);
  await once(child.stdout, "data");
  const held = openProcess(child.pid);
  const live: Collector = {
    ...stacks,
    collect: (context) =>
      stacks.collect({
        ...context,
        process: held,
        has: async () => true,
        run: ([command, ...args], { as }) =>
          new Promise<CommandOutput>((resolve) => {
            execFile(command, args, (error, stdout, stderr) => {
              const exitCode = error === null ? 0 : Number(error.code);
              const output = { stdout, stderr, exitCode, signal: undefined, truncated: false };
              resolve(context.save(as, stdout).then(() => output));
            });
          }),
      }),
  };

  const { saved } = await collectRecorded(live, { target: { pid: child.pid } });

  const state = held.readSync("stat").toString("latin1");
  held.close();
  child.kill("SIGKILL");
  assert.match(state, /\) [SR] /);
  for (const number of [1, 2, 3]) {
    const main = parseEuStack(saved.get(`stacks.${number}.txt`) ?? "").find(({ tid }) => tid === child.pid);
    assert.ok(main?.frames.some(({ symbol }) => symbol === "uv_run"));
    assert.match(saved.get(`kernel-stacks.${number}.txt`) ?? "", new RegExp(`^TID ${child.pid} `, "m"));
  }
});

test("stacks on illumos tells of a thread that pstack has no frames of", async () => {
  const stdout = fixture("illumos/pstack/old-two-lwps-and-a-silent-one.txt");

  const { readings, gaps, ran } = await collectRecorded(stacks, {
    platform: "illumos",
    commands: { "pstack 42": { stdout } },
  });

  assert.equal(ran.length, 3);
  assert.deepEqual(
    gaps,
    [1, 2, 3].map((number) => `sample ${number} has no stack of 1 of 3 threads`),
  );
  assert.deepEqual(readings, []);
});

test("stacks on illumos fails with pstack's reason, and takes silence for unknown", async () => {
  const stderr = fixture("illumos/pstack/err-traced.txt");

  const silent = await collectRecorded(stacks, {
    platform: "illumos",
    commands: { "pstack 42": { stdout: "" } },
  });

  assert.deepEqual(silent.readings, []);
  assert.equal(silent.gaps[0], "sample 1 has no stack: where the threads are is unknown");
  await assert.rejects(
    collectRecorded(stacks, { platform: "illumos", commands: { "pstack 42": { stderr, exitCode: 1 } } }),
    new CommandError("pstack: exit status 1: pstack: cannot examine 1234: process is traced", {
      exitStatus: 1,
    }),
  );
});
