import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judgeBy } from "../../src/readings/judge.ts";
import { NO_EXPECTATIONS } from "../../src/readings/rule.ts";
import { rules } from "../../src/readings/rules/index.ts";
import {
  evidenceFrom,
  inspected,
  lines,
  LOCK,
  openFiles,
  processLooks,
  readingOf,
  readingsOf,
  several,
  socketFiles,
  threadFiles,
  TIDS,
  type Files,
} from "../helpers/evidence.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

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

function contentOf(name: string): string {
  const content = WHOLE[name];
  return typeof content === "string" ? content : JSON.stringify(content);
}

test("no file that is missing, cut or somebody else's makes a rule throw", async () => {
  const names = Object.keys(WHOLE);
  const content = fc.constantFrom(...names).chain((name) =>
    fc.oneof(
      fc.constant({ name, text: undefined }),
      fc.nat(contentOf(name).length).map((at) => ({ name, text: contentOf(name).slice(0, at) })),
      fc.string({ unit: CODE_POINT }).map((other) => ({ name, text: other })),
      fc.json().map((other) => ({ name, text: other })),
    ),
  );

  await fc.assert(
    fc.asyncProperty(fc.array(content, { maxLength: 6 }), async (changes) => {
      const files = { ...WHOLE, ...Object.fromEntries(changes.map((change) => [change.name, change.text])) };

      const evidence = await evidenceFrom(files);
      const found = rules.flatMap(({ judge }) => judge(evidence, NO_EXPECTATIONS));

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

test("a JVM that does nothing but collect never collects for more than all of its time", async () => {
  // The moments of rows are told to a tenth of a second.
  const files = { "runtime/jstat.txt": "Timestamp GCT O\n1.0 0.100 99\n2.0 1.114 99\n" };

  assert.equal((await readingOf("gc-share", files))?.value, 100);
});

test("a rule that fails is told, because its silence would mean that all is well", () => {
  const broken = {
    id: "broken",
    question: "Is it?",
    next: "Nothing.",
    judge: () => {
      throw new Error("no such thing");
    },
  };

  const found = judgeBy(broken, {});

  assert.deepEqual(
    found.map(({ id, text, speaksFor }) => [id, text, speaksFor]),
    [["reading-failed", "Not all that stands out may be here: broken failed (no such thing).", "none"]],
  );
});
