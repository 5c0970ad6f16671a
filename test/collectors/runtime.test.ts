import assert from "node:assert/strict";
import { test } from "node:test";
import { UnsupportedError } from "../../src/errors.ts";
import runtime from "../../src/collectors/runtime.ts";
import { collectRecorded, fixture, type Recording } from "../helpers/recorded.ts";

const trace = (name: string) => fixture(`illumos/nhttpsnoop/${name}.txt`);
const PROBE =
  "   ID   PROVIDER            MODULE                          FUNCTION NAME\n" +
  "75321  node41207              node _ZN4node14dtrace_gc_startEPN2v87IsolateE gc-start\n";

function onIllumos(snoop: { stdout?: string; stderr?: string }, probes = { stdout: PROBE }): Recording {
  return {
    platform: "illumos",
    target: { pid: 41_207 },
    windowMs: 30_000,
    commands: { "dtrace -ln node41207:::gc-start": probes, "nhttpsnoop -g": snoop },
  };
}

test("runtime on illumos gives the share of 30 s of recorded collections, with its method", async () => {
  const result = await collectRecorded(runtime, onIllumos({ stdout: trace("g-30s-ten-percent") }));

  assert.deepEqual(result.readings, [
    {
      id: "gc-share",
      text: "Garbage collection took 10.4% of the time: 118 pauses, the longest 382 ms.",
      value: 10.4,
      unit: "percent",
      windowMs: 30_000,
      method: "dtrace-usdt",
      line: result.readings[0]?.line,
      file: "nhttpsnoop.txt",
    },
  ]);
  assert.match(result.readings[0]?.line ?? "", /41207 gc +381\.749ms/);
  assert.equal(result.lines("gc.jsonl").length, 118);
  assert.deepEqual(result.gaps, []);
});

test("runtime on illumos counts the target's own collections only", async () => {
  const result = await collectRecorded(runtime, onIllumos({ stdout: trace("g-p-leaks-other-pids") }));

  assert.deepEqual(result.lines("gc.jsonl"), [
    { endMs: 1200, durationMs: 3.1 },
    { endMs: 2400, durationMs: 350.123 },
  ]);
});

test("runtime on illumos calls a trace with a header alone unknown, never 0%", async () => {
  const recording = onIllumos({ stdout: trace("g-header-only") });

  await assert.rejects(collectRecorded(runtime, recording), (error: unknown) => {
    assert.ok(error instanceof UnsupportedError);
    assert.match(error.message, /unknown/);
    return true;
  });
});

test("runtime on illumos calls requests without a collection unknown", async () => {
  const recording = onIllumos({ stdout: trace("out-of-order-and-unterminated") });

  await assert.rejects(collectRecorded(runtime, recording), UnsupportedError);
});

test("runtime on illumos does not trace a process without the probe", async () => {
  const ran = collectRecorded(runtime, {
    ...onIllumos({}),
    commands: {
      "dtrace -ln node41207:::gc-start": {
        stdout: "   ID   PROVIDER            MODULE                          FUNCTION NAME\n",
        stderr: "dtrace: failed to match node41207:::gc-start: No probe matches description\n",
        exitCode: 1,
      },
    },
  });

  await assert.rejects(ran, { name: "UnsupportedError", message: /no gc-start probe/ });
});

test("runtime on illumos says that events were dropped, or lines cut", async () => {
  const result = await collectRecorded(
    runtime,
    onIllumos({ stdout: `${trace("g-p-leaks-other-pids")}[  3.1`, stderr: "dtrace: 12 drops on CPU 0\n" }),
  );

  assert.deepEqual(result.gaps, [
    "DTrace dropped events: the GC share is a lower bound",
    "1 lines of the trace are cut or cannot be read",
  ]);
});

/** Runs it to its UnsupportedError, and gives what it had saved by then. */
async function untilUnsupported(recording: Recording) {
  const saved = new Map<string, string>();
  const watched: typeof runtime = {
    ...runtime,
    collect: (context) =>
      runtime.collect({
        ...context,
        saveJson: async (name, value) => void saved.set(name, JSON.stringify(value)),
      }),
  };
  let message = "";
  await assert.rejects(collectRecorded(watched, recording), (error: unknown) => {
    assert.ok(error instanceof UnsupportedError);
    message = error.message;
    return true;
  });
  return { saved, message };
}

test("runtime on Linux saves the runtime and its threads before it says that the GC share is not known", async () => {
  let workerNs = 1_000_000_000;
  const { saved, message } = await untilUnsupported({
    target: { runtime: { name: "node", version: "24.1.0" } },
    windowMs: 2000,
    process: {
      "task/42/comm": "MainThread\n",
      "task/42/schedstat": "500 20 3\n",
      "task/43/comm": "V8Worker\n",
      "task/43/schedstat": () => `${(workerNs += 500_000_000)} 20 3\n`,
      "task/44/comm": "libuv-worker-1\n",
      "task/45/comm": "libuv-worker-2\n",
    },
  });

  assert.deepEqual(JSON.parse(saved.get("runtime.json") ?? ""), {
    name: "node",
    version: "24.1.0",
    threads: [
      { name: "libuv-worker-*", count: 2 },
      { name: "MainThread", count: 1 },
      { name: "V8Worker", count: 1 },
    ],
  });
  assert.deepEqual(JSON.parse(saved.get("thread-cpu.json") ?? ""), {
    windowMs: 2000,
    threads: [
      { name: "MainThread", count: 1, cpuPercent: 0 },
      { name: "V8Worker", count: 1, cpuPercent: 50 },
    ],
  });
  assert.equal(message, "GC share and requests are unknown: its inspector is left alone: not recorded");
});

test("runtime on Linux makes the names of threads printable", async () => {
  const { saved } = await untilUnsupported({
    target: { runtime: { name: "unknown" } },
    process: { "task/42/comm": "\u001b[2J\nevil\n" },
  });

  assert.deepEqual(JSON.parse(saved.get("runtime.json") ?? "").threads, [
    { name: "\\x1b[2J\\nevil", count: 1 },
  ]);
});
