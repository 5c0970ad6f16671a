import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import threads from "../../src/collectors/threads.ts";
import type { Collector } from "../../src/collectors/collector.ts";
import { openProcess } from "../../src/host/process-files.ts";
import { collectRecorded, fixture } from "../helpers/recorded.ts";

const Line = z.object({
  tid: z.number(),
  at: z.string().optional(),
  gone: z.literal(true).optional(),
  sinceStart: z.literal(true).optional(),
  runNs: z.number().optional(),
  cpuPercent: z.number().optional(),
  wchan: z.string().optional(),
});
const parse = (values: readonly unknown[]) => z.array(Line).parse(values);

/** What one thread says at one look; the counters are since it began. */
interface Moment {
  readonly state?: string;
  readonly user?: number;
  readonly runMs?: number;
  readonly waitMs?: number;
  readonly switches?: number;
  readonly wchan?: string;
}

/** The files of one thread, look by look; undefined is a look at which it is not there. */
function thread(tid: number, name: string, moments: readonly (Moment | undefined)[]) {
  let look = -1;
  const reads: string[] = [];
  const at = (file: string): Moment => {
    reads.push(file);
    const moment = moments[Math.min(look, moments.length - 1)];
    if (moment === undefined)
      throw Object.assign(new Error("ESRCH: no such process, read"), { code: "ESRCH" });
    return moment;
  };
  const files = {
    [`task/${tid}/stat`]: () => {
      look++;
      const { state = "S", user = 0 } = at("stat");
      return `${tid} (${name}) ${state} 1 1 1 0 -1 0 0 0 0 0 ${user} 0 0 0 20 0 1 0 77 0 0${" 0".repeat(14)} 1 0\n`;
    },
    [`task/${tid}/schedstat`]: () => {
      const { runMs = 1, waitMs = 0, switches = 0 } = at("schedstat");
      return `${runMs * 1_000_000} ${waitMs * 1_000_000} ${switches}\n`;
    },
    [`task/${tid}/status`]: () => {
      const { switches = 0 } = at("status");
      return `voluntary_ctxt_switches:\t${switches}\nnonvoluntary_ctxt_switches:\t0\n`;
    },
    [`task/${tid}/wchan`]: () => at("wchan").wchan ?? "0",
  };
  return { files, reads };
}

test("threads tells the busiest thread by the median of its intervals, with the raw line behind it", async () => {
  const main = thread(42, "node", [
    { state: "R", runMs: 100, user: 10 },
    { state: "R", runMs: 1080, user: 107, waitMs: 50, switches: 2 },
    { state: "R", runMs: 2070, user: 206, waitMs: 100, switches: 4 },
    { state: "R", runMs: 2100, user: 208, waitMs: 150, switches: 6 },
  ]);
  const idle = thread(43, "libuv-worker", [{ wchan: "futex_do_wait", switches: 3 }]);

  const { readings, saved, lines, gaps, methods } = await collectRecorded(threads, {
    process: { ...main.files, ...idle.files },
  });

  assert.deepEqual(gaps, []);
  assert.deepEqual(methods, ["proc"]);
  assert.equal(lines("samples.jsonl").length, 8);
  const line = readings[0]?.line ?? "";
  assert.ok(saved.get("prstat.txt")?.split("\n").includes(line));
  assert.deepEqual(readings, [
    {
      id: "thread-cpu",
      text: "Thread 42 (node, the main one) is the busiest: on a CPU for 98% of the time (median of 3 intervals).",
      value: 98,
      unit: "percent",
      windowMs: 3000,
      line,
      file: "prstat.txt",
    },
  ]);
  assert.match(line, /^ {6}42 R {4}98 {4}97 {5}0 {5}5 {5}2 {5}0 {2}1 - {24}node$/);
});

test("threads tells nothing of threads that are not much on a CPU, and wait little for one", async () => {
  const main = thread(
    42,
    "node",
    [0, 490, 980, 1470].map((runMs, switches) => ({ runMs, switches, waitMs: switches * 190 })),
  );

  const { readings } = await collectRecorded(threads, { process: main.files });

  assert.deepEqual(readings, []);
});

test("threads does not read again what a thread that has not run cannot have changed", async () => {
  const main = thread(42, "node", [{ runMs: 1 }, { runMs: 2 }, { runMs: 3 }, { runMs: 4 }]);
  const idle = thread(43, "idle", [{ wchan: "futex_do_wait" }]);

  const { lines } = await collectRecorded(threads, { process: { ...main.files, ...idle.files } });

  assert.deepEqual(idle.reads, [
    "stat",
    "schedstat",
    "status",
    "wchan",
    "stat",
    "schedstat",
    "stat",
    "schedstat",
    "stat",
    "schedstat",
  ]);
  assert.deepEqual(
    parse(lines("usage.jsonl")).flatMap(({ tid, wchan, cpuPercent }) =>
      tid === 43 ? [{ wchan, cpuPercent }] : [],
    ),
    Array.from({ length: 3 }, () => ({ wchan: "futex_do_wait", cpuPercent: 0 })),
  );
});

test("threads follows those that come and go, and never counts what it did not see", async () => {
  const main = thread(42, "node", [{ runMs: 1 }]);
  const late = thread(43, "late", [undefined, undefined, { runMs: 5 }, { runMs: 505, switches: 1 }]);
  const early = thread(44, "early", [{ runMs: 5 }, { runMs: 505, switches: 1 }, undefined]);

  const { lines } = await collectRecorded(threads, {
    process: { ...main.files, ...late.files, ...early.files },
  });

  const seen = parse(lines("samples.jsonl"));
  assert.deepEqual(
    seen.filter(({ gone }) => gone),
    [{ at: "2026-09-21T14:13:22.000Z", tid: 44, gone: true }],
  );
  const usages = parse(lines("usage.jsonl"));
  assert.deepEqual(
    usages
      .filter(({ tid }) => tid !== 42)
      .map(({ tid, at, cpuPercent }) => ({ tid, at: at?.slice(17, 19), cpuPercent })),
    [
      { tid: 44, at: "21", cpuPercent: 50 },
      { tid: 43, at: "23", cpuPercent: 50 },
    ],
  );
});

test("threads reads at most so many threads, the first among them, and says how many it left out", async () => {
  const all = Array.from({ length: 10 }, (_, index) => thread(42 + index, "t", [{ runMs: 1 }]));
  const process = Object.assign({}, ...all.map(({ files }) => files));

  const { lines, gaps } = await collectRecorded(threads, { process, options: { maxThreads: 4 } });

  const tids = parse(lines("samples.jsonl")).map(({ tid }) => tid);
  assert.deepEqual(tids, Array.from({ length: 4 }, () => [42, 43, 46, 49]).flat());
  assert.deepEqual(gaps, ["6 of 10 threads were not sampled"]);
});

test("threads tells of a long wait for a CPU and of uninterruptible sleep", async () => {
  const main = thread(
    42,
    "node",
    [0, 400, 800, 1200].map((waitMs, switches) => ({ waitMs, switches, runMs: 1 })),
  );
  const disk = thread(43, "dd\u001b[2J", [
    { state: "S" },
    { state: "D", wchan: "folio_wait_bit_common" },
    { state: "D", wchan: "folio_wait_bit_common" },
    { state: "S" },
  ]);

  const { readings } = await collectRecorded(threads, { process: { ...main.files, ...disk.files } });

  const told = readings.map(({ id, text, value, unit, file }) => ({ id, text, value, unit, file }));
  assert.deepEqual(told, [
    {
      id: "threads-uninterruptible",
      text: "1 thread was seen in uninterruptible sleep (D): thread 43 (dd\\x1b[2J) in 2 of 4 looks, last in folio_wait_bit_common.",
      value: 1,
      unit: "count",
      file: "samples.jsonl",
    },
    {
      id: "thread-cpu-wait",
      text: "Thread 42 (node, the main one) was ready to run, but waited for a CPU for 40% of the time (median of 3 intervals).",
      value: 40,
      unit: "percent",
      file: "prstat.txt",
    },
  ]);
});

test("threads keeps what it has when the target ends in the window", async () => {
  const main = thread(42, "node", [{ runMs: 1 }, { runMs: 501, switches: 1 }]);
  let lists = 0;
  const ending: Collector = {
    ...threads,
    collect: (context) =>
      threads.collect({
        ...context,
        process: {
          ...context.process,
          list: async (path) => {
            if (path === "task" && ++lists > 2)
              throw Object.assign(new Error("ENOENT: no such file or directory"), { code: "ENOENT" });
            return context.process.list(path);
          },
        },
      }),
  };

  const { readings, gaps, saved } = await collectRecorded(ending, { process: main.files });

  assert.deepEqual(gaps, ["the target ended after 2 looks"]);
  assert.deepEqual(
    readings.map(({ value }) => value),
    [50],
  );
  assert.match(saved.get("prstat.txt") ?? "", /1 interval\n/);
});

test("threads finds the busy thread of a real process", async () => {
  const child = spawn(process.execPath, ["-e", "console.log(1); for (;;) {}"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  assert.ok(child.pid && child.stdout);
  await once(child.stdout, "data");
  const held = openProcess(child.pid);
  const live: Collector = {
    ...threads,
    collect: (context) =>
      threads.collect({
        ...context,
        process: held,
        ticks: async function* () {
          for (let index = 0; index < 3; index++) {
            if (index > 0) await setTimeout(200);
            yield { index, at: new Date().toISOString(), monotonicMs: performance.now() };
          }
        },
      }),
  };

  const { readings, lines, gaps } = await collectRecorded(live, { target: { pid: child.pid } });

  held.close();
  child.kill("SIGKILL");
  assert.deepEqual(gaps, []);
  const [first] = parse(lines("samples.jsonl"));
  assert.equal(first?.tid, child.pid);
  assert.ok(first?.runNs !== undefined && first.runNs > 0);
  // On a host that has no CPU to spare it may not get half of one: then it is no reading.
  const shares = parse(lines("usage.jsonl")).flatMap(({ tid, cpuPercent }) =>
    tid === child.pid && cpuPercent !== undefined ? [cpuPercent] : [],
  );
  assert.equal(shares.length, 2);
  assert.ok(shares.every((share) => share > 0 && share < 150));
  assert.deepEqual(
    readings.filter(({ id }) => id === "thread-cpu").map(({ value }) => value),
    [Math.min(...shares)].filter((median) => median >= 50),
  );
});

test("threads on illumos leaves the average since the start and other processes out", async () => {
  const stdout = fixture("illumos/prstat/mLc-1-5-node.txt");

  const { readings, ran, gaps, lines, saved } = await collectRecorded(threads, {
    platform: "illumos",
    target: { pid: 41207 },
    windowMs: 4000,
    commands: { "prstat *": { stdout } },
  });

  assert.deepEqual(ran, ["prstat -mLc -n 500 -d u -p 41207 1 5"]);
  assert.deepEqual(gaps, []);
  assert.equal(saved.get("prstat.txt"), stdout);
  const usages = parse(lines("usage.jsonl"));
  assert.deepEqual([usages.length, usages.filter(({ sinceStart }) => sinceStart).length], [30, 6]);
  assert.deepEqual(readings, [
    {
      id: "thread-cpu",
      text: "Thread 1 (node, the main one) is the busiest: on a CPU for 99.6% of the time (median of 4 intervals).",
      value: 99.6,
      unit: "percent",
      windowMs: 4000,
      line: " 41207 nobody    98 1.6 0.0 0.0 0.0 0.0 0.2 0.3  12 431  1K   0 node/1",
      file: "prstat.txt",
    },
  ]);
});

test("threads on illumos knows nothing when there are only zeros or the average since the start", async () => {
  const zeros = fixture("illumos/prstat/mLc-1-5-node.txt");
  const lifetime = fixture("illumos/prstat/mLc-new-header-lwp-names.txt");

  const zombie = await collectRecorded(threads, {
    platform: "illumos",
    target: { pid: 80100 },
    commands: { "prstat *": { stdout: zeros } },
  });
  const short = await collectRecorded(threads, {
    platform: "illumos",
    target: { pid: 41207 },
    commands: { "prstat *": { stdout: lifetime } },
  });

  const unknown = "prstat shows no interval of this process: what its threads do is unknown";
  assert.deepEqual([zombie.readings, zombie.gaps], [[], [unknown]]);
  assert.deepEqual([short.readings, short.gaps], [[], [unknown]]);
});

test("threads keeps the system call of a thread that waits for a futex, read once for each wait", async () => {
  const call = "202 0x55aa 0x80 0x2 0x0 0x0 0x0 0x7ffe 0x7fff";
  let reads = 0;
  const waiting = thread(43, "worker", [{ wchan: "futex_do_wait" }]);
  const elsewhere = thread(44, "poller", [{ wchan: "ep_poll" }]);
  const files = {
    ...thread(42, "app", [{ wchan: "0" }]).files,
    ...waiting.files,
    ...elsewhere.files,
    "task/43/syscall": () => (reads++, `${call}\n`),
    "task/44/syscall": call,
  };

  const { lines } = await collectRecorded(threads, { process: files });

  const calls = z
    .array(z.object({ tid: z.number(), syscall: z.string().optional() }))
    .parse(lines("samples.jsonl"));
  assert.deepEqual(
    calls.map(({ tid, syscall }) => [tid, syscall]),
    Array.from({ length: 4 }, () => [
      [42, undefined],
      [43, call],
      [44, undefined],
    ]).flat(),
  );
  assert.equal(reads, 1);
});

test("threads keeps what the whole process holds at each look, and nothing for what cannot be read", async () => {
  const main = thread(42, "node", [{ runMs: 1 }]);
  const status = "VmRSS:\t    2048 kB\nRssAnon:\t    1024 kB\nThreads:\t1\n";
  const io = "rchar: 100\nwchar: 100\nsyscr: 7\nsyscw: 5\n";

  const seen = await collectRecorded(threads, {
    process: { ...main.files, status, io },
    processLinks: { "fd/0": "/dev/null", "fd/1": "/dev/null" },
    windowMs: 1000,
  });
  const unseen = await collectRecorded(threads, { process: main.files, windowMs: 0 });

  const at = "2026-09-21T14:13:20.000Z";
  const look = {
    residentBytes: 2 * 1024 ** 2,
    anonymousBytes: 1024 ** 2,
    descriptors: 2,
    threads: 1,
    reads: 7,
    writes: 5,
  };
  assert.deepEqual(seen.lines("process.jsonl")[0], { at, monotonicMs: 0, ...look });
  assert.equal(seen.lines("process.jsonl").length, 2);
  assert.deepEqual(unseen.lines("process.jsonl"), [{ at, monotonicMs: 0 }]);
});
