import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judgeEvidence } from "../../src/readings/judge.ts";
import type { ExpectedPeer } from "../../src/readings/rule.ts";
import { rules } from "../../src/readings/rules/index.ts";
import {
  evidenceFrom,
  lines,
  processLooks,
  readingOf,
  readingsOf,
  several,
  socketFiles,
  TARGET,
  threadFiles,
  type Files,
} from "../helpers/evidence.ts";

const MIB = 1024 ** 2;
const NATIVE = { ...TARGET, command: "app", runtime: { name: "native" as const } };

test("rules have ids, questions and next questions of their own", () => {
  const ids = rules.map(({ id }) => id);
  const questions = rules.map(({ question }) => question);

  assert.deepEqual([new Set(ids).size, new Set(questions).size], [rules.length, rules.length]);
  for (const { id, question, next } of rules) {
    assert.match(id, /^[a-z]+(-[a-z]+)*$/);
    assert.match(question, /^[A-Z].*\?$/);
    assert.match(next, /^[A-Z].*[.?]$/);
  }
});

test("a few connections in CLOSE_WAIT are a hint, a pile of them speaks for a restart", async () => {
  const closed = { state: "CLOSE_WAIT", peer: "10.0.0.9:80" };

  const few = await readingOf("close-wait", socketFiles(several(3, closed)));
  const pile = await readingOf("close-wait", socketFiles(several(10, closed)));
  const none = await readingOf("close-wait", socketFiles(several(3, { peer: "10.0.0.9:80" })));

  assert.deepEqual([few?.value, few?.sureness, few?.speaksFor], [3, "hint", "none"]);
  assert.deepEqual([pile?.value, pile?.sureness, pile?.speaksFor], [10, "likely", "restart"]);
  assert.equal(none, undefined);
});

test("a connection that has only begun is no reading; one that was tried again, or many at once, are", async () => {
  const begun = { state: "SYN_SENT", peer: "10.0.0.9:80" };

  const one = await readingOf("syn-sent", socketFiles([begun]));
  const again = await readingOf("syn-sent", socketFiles([begun, { ...begun, retransmits: 1 }]));
  const many = await readingOf("syn-sent", socketFiles(several(20, begun)));

  assert.equal(one, undefined);
  assert.deepEqual([again?.value, again?.speaksFor], [1, "not-restart"]);
  assert.equal(many?.value, 20);
});

test("overflows of the namespace are told of a process whose own connections wait, and of no other", async () => {
  const counters = { "TcpExt.ListenOverflows": { first: 5, last: 12, change: 7 } };
  const listener = { state: "LISTEN", local: "0.0.0.0:80" };

  const own = await readingOf("listen-overflows", socketFiles([{ ...listener, recvQueue: 5 }], counters));
  const others = await readingOf("listen-overflows", socketFiles([listener], counters));

  assert.equal(own?.value, 7);
  assert.equal(others, undefined);
});

test("one peer is told apart from its twins, equal ones are not", async () => {
  const closedBy = (peer: string) => ({ state: "CLOSE_WAIT", peer });
  const twins = several(2, { peer: "10.0.0.8:2021" });

  const one = await readingOf(
    "peer-against-twins",
    socketFiles([...several(9, closedBy("10.0.0.7:2021")), closedBy("10.0.0.8:2021"), ...twins]),
  );
  const alike = await readingOf(
    "peer-against-twins",
    socketFiles([...several(9, closedBy("10.0.0.7:2021")), ...several(8, closedBy("10.0.0.8:2021"))]),
  );
  const alone = await readingOf("peer-against-twins", socketFiles(several(9, closedBy("10.0.0.7:2021"))));

  assert.equal(
    one?.text,
    "9 connections to 10.0.0.7:2021 are closed by the peer and still open here (CLOSE_WAIT); its twin 10.0.0.8 has 1.",
  );
  assert.deepEqual([alike, alone], [undefined, undefined]);
});

const needed = (more: Partial<ExpectedPeer> = {}) => ({
  expectations: {
    connectedTo: [
      { asked: "db:5432", endpoints: ["10.0.0.5:5432"], source: "settings", ...more } satisfies ExpectedPeer,
    ],
  },
});

test("a missing connection to what a service needs is certain when it was declared", async () => {
  const other = socketFiles([{ peer: "10.0.0.9:80" }]);
  const trying = socketFiles([{ peer: "10.0.0.5:5432", state: "SYN_SENT" }]);

  const missing = await readingOf("disconnected", other, needed());
  const tried = await readingOf("disconnected", trying, needed());
  const there = await readingOf("disconnected", socketFiles([{ peer: "10.0.0.5:5432" }]), needed());
  const unresolved = await readingOf("disconnected", other, needed({ endpoints: [] }));
  const unseen = await readingOf("disconnected", {}, needed());

  assert.equal(
    missing?.text,
    "The process has no open connection to db:5432 (10.0.0.5:5432), which the settings say it needs.",
  );
  assert.deepEqual([missing?.sureness, missing?.speaksFor], ["certain", "none"]);
  assert.match(tried?.text ?? "", /; 1 connection to it got no answer yet\.$/);
  assert.equal(tried?.speaksFor, "not-restart");
  assert.deepEqual([there, unresolved, unseen], [undefined, undefined, undefined]);
});

test("of an earlier bundle's peers any on the same port counts, and none at all is a hint", async () => {
  const earlier = needed({
    source: "earlier",
    asked: "10.0.0.5:5432",
    captureId: "20260101T000000Z-h-t-abcdef",
  });

  const gone = await readingOf("disconnected", socketFiles([{ peer: "10.0.0.9:80" }]), earlier);
  const moved = await readingOf("disconnected", socketFiles([{ peer: "10.0.0.6:5432" }]), earlier);

  assert.equal(gone?.sureness, "hint");
  assert.match(gone?.text ?? "", /10\.0\.0\.5:5432, to which it had one in 20260101T000000Z-h-t-abcdef\.$/);
  assert.equal(moved, undefined);
});

const openFiles = (open: number, limit: number | "unlimited" = 1000): Files => ({
  "open-files/summary.json": { open, limit, types: { socket: open } },
  "open-files/limits.txt": `Max open files            ${limit}                 ${limit}                 files     \n`,
});

test("descriptors are told when they are many, nearly all, or grow towards the limit", async () => {
  const growing = processLooks({ descriptors: [240, 250, 260, 270, 280, 290] });
  const told = async (files: Files) => {
    const found = await readingOf("descriptors", files);
    return found && [found.value, found.sureness, found.speaksFor];
  };

  assert.equal(await told(openFiles(500)), undefined);
  assert.deepEqual(await told(openFiles(501)), [50.1, "hint", "none"]);
  assert.deepEqual(await told(openFiles(900)), [90, "certain", "restart"]);
  assert.deepEqual(await told({ ...openFiles(290), ...growing }), [29, "likely", "restart"]);
  assert.equal(await told({ ...openFiles(290, 1_000_000), ...growing }), undefined);
  assert.equal(await told(openFiles(5000, "unlimited")), undefined);
});

test("the time until the limit of descriptors is told from their growth", async () => {
  const growing = processLooks({ descriptors: [240, 250, 260, 270, 280, 290] });

  const found = await readingOf("descriptors", { ...openFiles(290), ...growing });

  assert.equal(
    found?.text,
    "290 of 1000 file descriptors were open (29 %): 290 socket; 50 more in 5 s, at that rate the limit is reached in about 71 s.",
  );
});

test("memory that only grows is told with the limit that it will reach; what falls, rests or fills up is not", async () => {
  const meminfo = { "host/first-meminfo.txt": `MemAvailable:   ${4 * 1024 * 1024} kB\n` };
  const told = async (mib: readonly number[], more: Files = meminfo) => {
    const looks = processLooks({ anonymousBytes: mib.map((one) => one * MIB) });
    return (await readingOf("memory-growing", { ...looks, ...more }))?.text;
  };

  assert.equal(
    await told([100, 120, 140, 160, 180, 200]),
    "Its own memory grew from 100 MiB to 200 MiB in 5 s; at that rate it has all that this host has left (4.2 GiB) in about 3 min.",
  );
  assert.equal(await told([100, 120, 140, 160, 180, 90]), undefined);
  assert.equal(await told([100, 100, 100, 100, 100, 100]), undefined);
  assert.equal(await told([100, 170, 190, 195, 198, 200]), undefined);
  assert.equal(await told([100, 140, 200]), undefined);
  assert.equal(await told([100, 120, 140, 160, 180, 200], {}), undefined);
});

test("the nearer of the two limits is that of the cgroup", async () => {
  const looks = processLooks({ anonymousBytes: [100, 120, 140, 160, 180].map((one) => one * MIB) });

  const found = await readingOf("memory-growing", {
    ...looks,
    "host/first-meminfo.txt": "MemAvailable:   4194304 kB\n",
    "host/first-cgroup2-memory.current.txt": `${190 * MIB}\n`,
    "host/first-cgroup2-memory.max.txt": `${256 * MIB}\n`,
  });

  assert.match(found?.text ?? "", /all that its cgroup may \(256 MiB\) in about 4 s\.$/);
});

const inspected = (more: Readonly<Record<string, unknown>>): Files => ({
  "runtime/summary.json": {
    method: "inspector",
    window_ms: 5000,
    nodejs: { eventloop: { turned: true, silent_ms: 0, utilization: 0.2 } },
    ...more,
  },
});

test("a heap near its limit speaks for a restart, one with room is no reading", async () => {
  const heap = (used: number) => inspected({ heap: { used_bytes: used * MIB, limit_bytes: 100 * MIB } });

  assert.deepEqual(
    (await readingOf("heap-near-limit", heap(92)))?.text,
    "The heap holds 92 MiB of the 100 MiB that it may (92%).",
  );
  assert.equal(await readingOf("heap-near-limit", heap(60)), undefined);
});

test("a small share of garbage collection is no reading, much of it speaks for a restart", async () => {
  const told = async (share: number) => {
    const found = await readingOf(
      "gc-share",
      inspected({ gc: { share_pct: share, count: 9, max_pause_ms: 20 } }),
    );
    return found && [found.value, found.sureness, found.speaksFor];
  };

  assert.equal(await told(2), undefined);
  assert.deepEqual(await told(12), [12, "hint", "none"]);
  assert.deepEqual(await told(41), [41, "likely", "restart"]);
  assert.equal(await readingOf("gc-share", inspected({})), undefined);
});

test("of the routes the one that takes the time is told, when it is slow", async () => {
  const route = (mean: number) =>
    inspected({
      routes: [
        {
          kind: "server",
          "http.request.method": "GET",
          "http.route": "/x",
          count: 10,
          mean_ms: mean,
          max_ms: 900,
        },
        {
          kind: "client",
          "http.request.method": "GET",
          "http.route": "/y",
          count: 10,
          mean_ms: 9999,
          max_ms: 9999,
        },
      ],
    });

  assert.match(
    (await readingOf("slowest-route", route(700)))?.text ?? "",
    /went into GET \/x: 10 of them, 700 ms/,
  );
  assert.equal(await readingOf("slowest-route", route(30)), undefined);
});

const LOCK = (address: string) => `202 ${address} 0x80 0x2 0x0 0x0 0x0 0x7ffe 0x7fff`;
const CONDITION = (address: string) => `202 ${address} 0x189 0x0 0x0 0x0 0xffffffff 0x7ffe 0x7fff`;
const TIDS = [42, 43, 44, 45, 46];

test("threads that stand in line for one lock are told, a pool that waits for work is not", async () => {
  const moving = { cpuPercent: 1, voluntary: 5 };
  const convoy = threadFiles(TIDS, (tid) => (tid === 42 ? {} : { syscall: LOCK("0x55aa"), ...moving }));
  const pool = threadFiles(TIDS, () => ({ syscall: CONDITION("0x55aa"), ...moving }));
  const briefly = threadFiles(TIDS, (_, look) =>
    look === 2 ? { syscall: LOCK("0x55aa"), ...moving } : moving,
  );

  const found = await readingOf("threads-on-one-lock", convoy);

  assert.equal(found?.text, "4 of 5 threads waited for the lock at 0x55aa at 6 of 6 looks.");
  assert.equal(await readingOf("deadlock", convoy), undefined);
  assert.deepEqual(await readingsOf(pool), []);
  assert.deepEqual(await readingsOf(briefly), []);
});

test("two threads that never get on, each in a lock of its own, are a deadlock; one that waits for a slow one is not", async () => {
  const waits = (tid: number) =>
    tid === 43 ? { syscall: LOCK("0xa") } : tid === 44 ? { syscall: LOCK("0xb") } : {};
  const circle = threadFiles(TIDS, (tid) => ({
    ...waits(tid),
    ...(tid > 44 ? { voluntary: 3, cpuPercent: 2 } : {}),
  }));
  const slow = threadFiles(TIDS, (tid) =>
    tid === 43 ? { syscall: LOCK("0xa") } : { voluntary: 3, cpuPercent: 2 },
  );
  const everybody = threadFiles([42, 43, 44], (tid) => (tid === 42 ? {} : { syscall: LOCK("0xa") }));
  const once = threadFiles(TIDS, (tid, look) => ({ ...waits(tid), voluntary: look === 3 ? 1 : 0 }));

  const found = await readingOf("deadlock", circle);

  assert.equal(found?.text, "2 threads of 5 waited for 2 locks at all 6 looks and did not run once in 5 s.");
  assert.deepEqual([found.sureness, found.speaksFor], ["likely", "restart"]);
  assert.match(
    (await readingOf("deadlock", everybody))?.text ?? "",
    /^2 threads of 3 waited for the same lock/,
  );
  assert.deepEqual(
    [await readingOf("deadlock", slow), await readingOf("deadlock", once)],
    [undefined, undefined],
  );
});

test("what a thread dump of a JVM says of monitors and deadlocks is told", async () => {
  const blocked = (name: string) =>
    `"${name}" #1\n   java.lang.Thread.State: BLOCKED (on object monitor)\n\t- waiting to lock <0x00000007af> (a X)\n\n`;
  const dump = (more: string) => ({
    "runtime/threads.txt": `"main" #1\n   java.lang.Thread.State: RUNNABLE\n\n${["a", "b", "c"].map(blocked).join("")}${more}`,
  });

  const found = await readingsOf(dump("Found one Java-level deadlock:\n=====\n- waiting to lock <0x1>\n"), {
    target: { ...TARGET, runtime: { name: "jvm" } },
  });

  assert.deepEqual(
    found.map(({ id, value, line }) => [id, value, line]),
    [
      ["deadlock", 1, "Found one Java-level deadlock:"],
      ["threads-on-one-lock", 3, "- waiting to lock <0x00000007af> (a X)"],
    ],
  );
  assert.deepEqual(
    (await readingsOf(dump(""))).map(({ id }) => id),
    ["threads-on-one-lock"],
  );
});

test("a Node process that neither waits nor reads while clients wait is blocked, seen from outside", async () => {
  const spinning = threadFiles([42, 43], (tid) => (tid === 42 ? { cpuPercent: 100 } : {}));
  const waiting = socketFiles([
    { state: "LISTEN", local: "0.0.0.0:80" },
    { local: "10.0.0.1:80", peer: "10.0.0.2:5", recvQueue: 9 },
  ]);
  const still = processLooks({ reads: [7, 7, 7], writes: [5, 5, 5] });
  const blocked = { ...spinning, ...waiting, ...still };
  const told = async (files: Files, target = TARGET) =>
    (await readingOf("event-loop-blocked", files, { target }))?.text;

  assert.equal(
    await told(blocked),
    "In 5 s the main thread did not wait for events once, and nothing was read or written, while 1 socket waited for it.",
  );
  assert.equal(
    await told({ ...blocked, ...processLooks({ reads: [7, 8, 9], writes: [5, 5, 5] }) }),
    undefined,
  );
  assert.equal(await told({ ...spinning, ...waiting }), undefined);
  assert.equal(await told({ ...spinning, ...still }), undefined);
  assert.equal(
    await told({ ...blocked, ...threadFiles([42], () => ({ cpuPercent: 99, voluntary: 1 })) }),
    undefined,
  );
  assert.equal(await told(blocked, NATIVE), undefined);
});

test("a main thread that does not open its inspector is told as blocked", async () => {
  const found = await readingOf("event-loop-blocked", { "runtime/inspector.json": { silentMs: 1500 } });

  assert.match(found?.text ?? "", /did not come around to it in 1\.5 s\.$/);
});

test("a full file system is told by bytes or inodes; one that is read-only, or has room, is not", async () => {
  const room = {
    type: "ext2/ext3",
    path: "/proc/42/fd/3",
    what: "/var/log/app.log",
    isWritten: true,
    sizeBytes: 1000 * MIB,
    freeBytes: 50 * MIB,
    availableBytes: 0,
    inodes: 1000,
    freeInodes: 900,
  };
  const told = async (more: Partial<typeof room>, uid = 1000) => {
    const files = {
      "open-files/summary.json": { open: 3 },
      "open-files/filesystems.json": { filesystems: [{ ...room, ...more }] },
    };
    const found = await readingOf("disk-full", files, { target: { ...TARGET, uid } });
    return found && [found.text, found.sureness];
  };

  assert.deepEqual(await told({}), [
    "The file system of /var/log/app.log has 0 B of 1000 MiB left (0%).",
    "certain",
  ]);
  assert.equal(await told({}, 0), undefined);
  assert.deepEqual(await told({ availableBytes: 900 * MIB, freeInodes: 2 }), [
    "The file system of /var/log/app.log has 2 of 1000 inodes left (0.2%).",
    "certain",
  ]);
  assert.equal(await told({ availableBytes: 900 * MIB, inodes: 0, freeInodes: 0 }), undefined);
  assert.equal(await told({ type: "squashfs" }), undefined);
  assert.equal((await told({ isWritten: false }))?.[1], "likely");
});

test("a unit that systemd restarts again and again is told while it is young", async () => {
  const told = async (restarts: number, ageSeconds: number) =>
    (
      await readingOf("restart-loop", {
        "process/status.txt": "Name:\tx\n",
        "process/process.json": { ageSeconds },
        "process/unit.txt": `NRestarts=${restarts}\nId=x.service\nLoadState=loaded\nActiveState=active\n`,
      })
    )?.text;

  assert.equal(
    await told(7, 12),
    "systemd has restarted the unit 7 times by itself; this process is 12 s old.",
  );
  assert.equal(await told(7, 3600), undefined);
  assert.equal(await told(2, 12), undefined);
});

test("a thread that is in state D now and then is a hint, one that stays there is certain", async () => {
  const inD = (looks: number) => threadFiles([42], (_, look) => ({ state: look < looks ? "D" : "S" }));
  const told = async (looks: number) => {
    const found = await readingOf("threads-uninterruptible", inD(looks));
    return found && [found.sureness, found.speaksFor];
  };

  assert.equal(await told(0), undefined);
  assert.deepEqual(await told(1), ["hint", "none"]);
  assert.deepEqual(await told(3), ["certain", "not-restart"]);
});

test("a CPU limit that is felt speaks against a restart, one that is met now and then is a hint", async () => {
  const stat = (periods: number, throttled: number) => `nr_periods ${periods}\nnr_throttled ${throttled}\n`;
  const told = async (throttled: number) => {
    const files = {
      "host/first-cgroup2-cpu.stat.txt": stat(100, 5),
      "host/last-cgroup2-cpu.stat.txt": stat(150, 5 + throttled),
      "host/summary.json": { windowMs: 5000 },
    };
    const found = await readingOf("cpu-throttled", files);
    return found && [found.value, found.speaksFor];
  };

  assert.equal(await told(0), undefined);
  assert.deepEqual(await told(2), [2, "none"]);
  assert.deepEqual(await told(40), [40, "not-restart"]);
});

test("a reading has a number, a file of the bundle, and how sure it is", async () => {
  const found = await readingsOf({
    ...socketFiles(several(30, { state: "CLOSE_WAIT", peer: "10.0.0.9:80" })),
    ...openFiles(950),
    ...threadFiles([42], () => ({ state: "D", cpuPercent: 99 })),
  });

  assert.deepEqual(
    found.map(({ id }) => id),
    ["threads-uninterruptible", "descriptors", "close-wait", "thread-cpu"],
  );
  for (const reading of found) {
    assert.match(reading.file, /^evidence\/[a-z-]+\/[A-Za-z0-9._-]+$/);
    assert.ok(Number.isFinite(reading.value) && reading.text.endsWith("."));
  }
});

test("what is unknown gives no reading", async () => {
  assert.deepEqual(await readingsOf({}), []);
  for (const { judge } of rules)
    assert.deepEqual(
      judge({}, { connectedTo: [{ asked: "a:1", endpoints: ["10.0.0.1:1"], source: "settings" }] }),
      [],
    );
});

/** Every file that a rule can come to read. */
const WHOLE: Files = {
  ...socketFiles(
    [
      { state: "CLOSE_WAIT", peer: "10.0.0.9:80" },
      { state: "LISTEN", local: "0.0.0.0:80", recvQueue: 3 },
    ],
    {
      "TcpExt.ListenOverflows": { first: 1, last: 2, change: 1 },
    },
  ),
  ...threadFiles(TIDS, () => ({ state: "D", syscall: LOCK("0xa"), cpuPercent: 99 })),
  ...processLooks({
    descriptors: [1, 50, 100, 150],
    anonymousBytes: [1, 2e8, 4e8, 6e8],
    reads: [1, 1],
    writes: [1, 1],
  }),
  ...openFiles(950),
  ...inspected({
    gc: { share_pct: 40, count: 1, max_pause_ms: 9 },
    heap: { used_bytes: 99, limit_bytes: 100 },
  }),
  "runtime/jstat.txt": "Timestamp GCT O\n1.0 0.1 99\n3.0 1.9 99\n",
  "open-files/filesystems.json": { filesystems: [] },
  "process/status.txt": "Name:\tx\nState:\tD (disk sleep)\nVmRSS:\t100 kB\nVmSwap:\t900 kB\n",
  "process/links.txt": "exe -> /opt/x (deleted)\n",
  "process/process.json": { ageSeconds: 3 },
  "process/unit.txt": "Id=x\nLoadState=loaded\nActiveState=active\nNRestarts=9\n",
  "stacks/stacks.1.txt": "PID 42 - process\nTID 42:\n#0  0x01 spin\n",
  "host/first-vmstat.txt": "oom_kill 0\n",
  "host/last-vmstat.txt": "oom_kill 2\n",
  "host/summary.json": { windowMs: 5000 },
};

test("no file that is missing, cut or somebody else's makes a rule throw", async () => {
  const names = Object.keys(WHOLE);
  const text = (name: string) =>
    typeof WHOLE[name] === "string" ? String(WHOLE[name]) : JSON.stringify(WHOLE[name]);
  const content = fc.constantFrom(...names).chain((name) =>
    fc.oneof(
      fc.constant({ name, text: undefined }),
      fc.nat(text(name).length).map((at) => ({ name, text: text(name).slice(0, at) })),
      fc.string({ unit: "binary" }).map((other) => ({ name, text: other })),
      fc.json().map((other) => ({ name, text: other })),
    ),
  );

  await fc.assert(
    fc.asyncProperty(fc.array(content, { maxLength: 6 }), async (changes) => {
      const files = { ...WHOLE, ...Object.fromEntries(changes.map((change) => [change.name, change.text])) };

      const found = judgeEvidence(await evidenceFrom(files));

      for (const { value, text: sentence } of found)
        assert.ok(Number.isFinite(value) && sentence.length < 2000);
    }),
    { numRuns: 300 },
  );
});

test("lines that a kill cut are left out, the others count", async () => {
  const files = threadFiles([42], () => ({ cpuPercent: 99 }));
  const cut = `${String(files["threads/usage.jsonl"])}{"elapsedMs":1000,"ti`;

  assert.equal((await readingOf("thread-cpu", { ...files, "threads/usage.jsonl": cut }))?.value, 99);
  assert.equal(await readingOf("thread-cpu", { "threads/usage.jsonl": lines([{ tid: "x" }]) }), undefined);
});
