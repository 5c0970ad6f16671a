import assert from "node:assert/strict";
import { test } from "node:test";
import type { Worker } from "../../src/collectors/inspection.ts";
import { UnsupportedError } from "../../src/errors.ts";
import runtime from "../../src/collectors/runtime.ts";
import { recordedInspection } from "../helpers/recorded-inspection.ts";
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
      text: "Garbage collection took 10.4% of 30 s: 118 pauses of the main thread, the longest 381.7 ms.",
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
    options: { inspector: "auto" },
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
  assert.equal(
    message,
    "GC share and requests are unknown: its inspector is left alone: not recorded; a hint: V8's workers used 50% of a CPU beside 0% of the main thread",
  );
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

/** What the observers of a Node process tell at the end of a window of two seconds. */
function observed(change: { readonly silentMs?: number; readonly hasTurned?: boolean } = {}) {
  const delay = { min_ms: 0, mean_ms: 1, p50_ms: 1, p90_ms: 2, p99_ms: 150, max_ms: 160.24 };
  const route = { kind: "server", method: "GET", route: "/users/:id", isDerived: false, peer: "" };
  return {
    requests: {
      events: [[1_790_000_000_500, "server", "GET", "/users/:id", false, 200, 12.3456, ""]],
      unlisted: 0,
    },
    collections: { collections: [[1_790_000_000_100, "minor", 200, 0]], unlisted: 0 },
    silentMs: change.silentMs ?? 12,
    faults: 0,
    windowMs: 2000,
    counted: {
      counts: [{ ...route, outcome: 200, count: 4, sum: 48, min: 1, max: 30, buckets: [[218, 4]] }],
      inFlight: [{ kind: "server", method: "GET", route: "/\u001b[2Jevil", age_ms: 1500 }],
      inFlightCount: 1,
      olderInFlight: 2,
      startedBefore: 0,
      aborted: 0,
      untimed: 0,
    },
    collected: { count: 1, pauseMs: 200, longestMs: 200, otherMs: 7 },
    loop: {
      hasTurned: change.hasTurned ?? true,
      utilization: 0.5,
      delay,
      cpuUserMs: 900,
      cpuSystemMs: 50,
      heap: { used_bytes: 1 },
      spaces: [],
      activeResources: { TCPServerWrap: 1 },
    },
    rss_bytes: 1,
    tookMs: 1,
  };
}

function inspected(final: ReturnType<typeof observed>, workers: readonly Worker[] = []): Recording {
  const { silentMs } = final;
  const nothing = { events: [], unlisted: 0 };
  const drained = { requests: nothing, collections: { collections: [], unlisted: 0 }, silentMs, faults: 0 };
  return {
    options: { inspector: "auto" },
    windowMs: 2000,
    process: { "task/42/comm": "node\n", "task/42/schedstat": "1 2 3\n" },
    inspection: {
      inspection: recordedInspection({
        version: "24.1.0",
        injectMs: 1,
        drain: async () => JSON.stringify(drained),
        stack: async () =>
          "Error\n    at Object.stack (exhibit:85:25)\n    at <anonymous>:1:44\n    at spin (/srv/app.js:7:3)",
        report: async () => "{}",
        stop: async () => JSON.stringify(final),
        workers: async () => workers,
      }),
    },
  };
}

test("runtime on Linux tells what the observers in a Node process saw, each number with its method and window", async () => {
  const result = await collectRecorded(runtime, inspected(observed()));

  assert.deepEqual(
    result.readings.map(({ id, value, unit, windowMs, method }) => ({ id, value, unit, windowMs, method })),
    [
      { id: "gc-share", value: 10, unit: "percent", windowMs: 2000, method: "inspector" },
      { id: "requests-in-flight", value: 3, unit: "count", windowMs: 2000, method: "inspector" },
      { id: "event-loop-late", value: 150, unit: "ms", windowMs: 2000, method: "inspector" },
    ],
  );
  assert.deepEqual(result.lines("http.jsonl"), [
    {
      time_unix_ms: 1_790_000_000_500,
      kind: "server",
      "http.request.method": "GET",
      "http.route": "/users/:id",
      "http.response.status_code": 200,
      duration_ms: 12.346,
    },
  ]);
  assert.match(result.saved.get("nhttpsnoop.txt") ?? "", /42 server {3}12\.346ms GET {4}\/users\/:id/);
  assert.ok(![...result.saved.values()].join("").includes("\u001b"), "what a stranger wrote is printable");
  assert.deepEqual(result.gaps, []);
});

test("runtime on Linux keeps V8's own lines as they are, and adds what they tell to the share", async () => {
  const text =
    "[42:0x1000]  150 ms: Mark-Compact 9.0 (9.0) -> 8.0 (9.0) MB, 50.00 / 0.00 ms  (+ 40.0 ms in 9 steps since start of marking";
  const final = observed();
  final.collections.collections = [[1_790_000_000_100, "major", 50, 0]];
  const result = await collectRecorded(runtime, {
    ...inspected(final),
    traced: { beganUnixMs: 1_790_000_000_000, lines: [text] },
  });

  const { gc } = JSON.parse(result.saved.get("summary.json") ?? "");
  assert.deepEqual([gc.share_pct, gc.incremental_ms, gc.counts], [12, 40, "pauses and incremental steps"]);
  assert.equal(result.saved.get("gc-trace.txt"), `${text}\n`);
});

test("runtime on Linux tells where a blocked loop is, and calls its collections unknown", async () => {
  const result = await collectRecorded(runtime, inspected(observed({ silentMs: 2000, hasTurned: false })));

  assert.equal(
    result.readings[0]?.text,
    "The event loop did not come around once in 2 s; it is in spin (/srv/app.js:7:3).",
  );
  assert.equal(
    result.readings.find(({ id }) => id === "gc-share"),
    undefined,
  );
  assert.match(result.gaps.join(), /garbage collections are unknown/);
  assert.equal(JSON.parse(result.saved.get("summary.json") ?? "").gc, undefined);
});

test("runtime on Linux asks nothing while the inspector is closed, and tells at the end what was seen", async () => {
  const { inspection, ...recording } = inspected(observed());
  if (inspection === undefined || !("inspection" in inspection)) throw new Error("no inspection");
  const asked: string[] = [];
  const away = {
    leave: async () => void asked.push("leave"),
    comeBack: async () => void asked.push("come back"),
  };
  const drain = () => {
    asked.push("drain");
    return inspection.inspection.drain();
  };

  const result = await collectRecorded(runtime, {
    ...recording,
    options: { inspector: "peek", cpuProfile: true },
    inspection: { inspection: { ...inspection.inspection, away, drain } },
  });

  assert.deepEqual(asked, ["leave", "come back", "drain"]);
  assert.deepEqual(result.gaps, ["no CPU profile: it ends with the connection (inspector: peek)"]);
  assert.equal(JSON.parse(result.saved.get("summary.json") ?? "").gc.share_pct, 10);
});

test("runtime on Linux asks for no report that would wait for worker threads, and says that they are unseen", async () => {
  const workers = [
    { id: "1", title: "", file: undefined },
    { id: "2", title: "mailer", file: "file:///srv/mail.js" },
  ];
  const result = await collectRecorded(runtime, inspected(observed(), workers));

  assert.equal(result.saved.has("report.json"), false);
  assert.match(
    result.gaps.join(),
    /2 worker threads were not looked into, .*: 1, 2 \(mailer file:\/\/\/srv\/mail.js\)/,
  );
});

test("the GC share of a Node process that is left alone comes from V8's own lines, and what is not known is said", async () => {
  const lines = [
    "[42:0x1000]  900 ms: Scavenge 9.0 (9.0) -> 8.0 (9.0) MB, 100.00 / 0.00 ms",
    "[42:0x1000]  1900 ms: Mark-Compact 9.0 (9.0) -> 8.0 (9.0) MB, 200.00 / 0.00 ms  (+ 50.0 ms in 9 steps since start of marking, biggest step 9.0 ms)",
  ];
  const { saved, message } = await untilUnsupported({
    target: { runtime: { name: "node", version: "24.1.0" } },
    options: { inspector: "never" },
    windowMs: 2000,
    traced: { beganUnixMs: 1_790_000_000_000, lines },
  });

  assert.equal(
    message,
    "requests and the event loop are unknown: the settings leave its inspector alone; the GC share is known, by V8's own lines about it",
  );
  const { gc, method, gc_is_least: isLeast } = JSON.parse(saved.get("summary.json") ?? "");
  assert.deepEqual(
    [method, isLeast, gc.count, gc.pause_ms, gc.incremental_ms, gc.max_pause_ms],
    ["v8-trace", false, 2, 300, 50, 200],
  );
});
