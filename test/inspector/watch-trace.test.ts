// Needs: node-versions
import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { describe, test, type TestContext } from "node:test";
import { openProcess } from "../../src/host/process-files.ts";
import { watchTrace } from "../../src/inspector/watch-trace.ts";
import { parseTracedCollection } from "../../src/parsers/v8-trace.ts";
import { fillRing, isolateMemory } from "../helpers/isolate-memory.ts";
import { startNode } from "../helpers/node-target.ts";
import { allVersions } from "../helpers/node-versions.ts";
import { until } from "../helpers/until.ts";

/** Makes garbage that lives for a while, so that V8 marks step by step; a worker beside it collects, too. */
const COLLECTS = `
const { Worker, isMainThread } = require("node:worker_threads");
if (isMainThread) new Worker(process.argv[1] ?? "", { eval: true });
const keep = [];
setInterval(() => {
  for (let i = 0; i < 6000; i++) keep.push({ i, text: String(i) + "x" });
  if (keep.length > 300000) keep.length = 0;
}, 10);
if (isMainThread) console.log("up");
`;
const WORKER = `const keep = []; setInterval(() => {
  for (let i = 0; i < 6000; i++) keep.push({ i, text: String(i) });
  if (keep.length > 200000) keep.length = 0; }, 20);`;

describe("each version of Node", { concurrency: 2 }, () => {
  for (const { version, binary } of allVersions())
    test(`what ${version} keeps of its main thread's collections is what --trace-gc prints of them`, async (t) => {
      const source = COLLECTS.replace('process.argv[1] ?? ""', JSON.stringify(WORKER));
      const target = await startNode(t, source, { binary, flags: ["--trace-gc"] });
      const held = openProcess(target.pid);
      t.after(() => held.close());
      const watch = watchTrace(held);
      t.after(() => watch.end());
      const texts: string[] = [];
      const collections = () => texts.flatMap((text) => parseTracedCollection(text) ?? []);

      await until(() => {
        texts.push(...watch.take().lines.map(({ text }) => text));
        return collections().filter(({ stepsMs }) => stepsMs > 0).length >= 2;
      }, 60_000);
      await until(() => target.stdout().includes(texts.at(-1) ?? "-"), 10_000);

      const printed = target.stdout().split("\n");
      for (const text of texts.slice(0, -1).filter((line) => parseTracedCollection(line) !== undefined))
        assert.ok(
          printed.some((line) => line.startsWith(text)),
          text,
        );
      const isolates = new Set(texts.map((text) => /^\[\d+:(0x[0-9a-f]+)\]/.exec(text)?.[1]));
      assert.equal(isolates.size, 1, "the worker's lines are not told");
    });
});

const line = (
  atMs: number,
  text = "Scavenge 4.0 (5.0) -> 3.0 (5.0) MB, 1.00 / 0.00 ms  (average mu = 1.000)",
) => `[4711:0x10010000]   ${String(atMs).padStart(6)} ms: ${text} task; \n`;
const told = (lines: readonly { readonly text: string }[]) =>
  lines.map(({ text }) => parseTracedCollection(text)?.atMs);

/** One isolate in the heap, whose buffer holds the lines. */
function watchOne(t: TestContext, first: readonly string[]) {
  const memory = isolateMemory(t);
  const isolate = memory.heapAt + 0x1_0000;
  const ringAt = isolate + 60_000;
  const put = (lines: readonly string[]) => memory.write(ringAt, fillRing(lines));
  if (first.length > 0) put(first);
  const watch = watchTrace(memory.held);
  t.after(() => watch.end());
  return { ...memory, put, watch, isolate };
}

test("what was there at first is not told, what comes is, over the end of the buffer too", (t) => {
  const { put, watch } = watchOne(t, [line(1), line(2)]);
  assert.deepEqual(watch.take(), { lines: [], breaks: 0, unknown: undefined });

  for (let atMs = 3; atMs < 40; atMs++) {
    put(Array.from({ length: atMs }, (_, index) => line(index + 1)));
    const taken = watch.take();
    assert.deepEqual([told(taken.lines), taken.breaks], [[atMs], 0]);
  }
});

test("more than the buffer holds between two looks is told to be a break, and a line is told once", (t) => {
  const { put, watch } = watchOne(t, [line(1), line(2)]);
  const many = Array.from({ length: 30 }, (_, index) => line(index + 1));
  put(many);
  const taken = watch.take();

  assert.equal(taken.breaks, 1);
  assert.deepEqual(told(taken.lines).at(-1), 30);
  put([...many, line(31)]);
  assert.deepEqual(told(watch.take().lines), [31]);
});

test("a line that V8 cut has no line break, and is told apart from the next", (t) => {
  const cut = `[4711:0x10010000]      5 ms: Mark-Compact 4.0 (5.0) -> 3.0 (5.0) MB, 1.00 / 0.00 ms  (+ 2.5 ms in 3 steps since start of marking, biggest`;
  const { put, watch } = watchOne(t, [line(1)]);
  put([line(1), cut, line(9)]);

  const { lines } = watch.take();
  assert.deepEqual(told(lines), [5, 9]);
  assert.equal(parseTracedCollection(lines[0]?.text ?? "")?.stepsMs, 2.5);
});

test("a process that has not collected yet has none, and is told to", (t) => {
  const { watch } = watchOne(t, []);

  assert.match(watch.take().unknown ?? "", /not found/);
});

const REFUSED: readonly (readonly [
  what: string,
  make: (memory: ReturnType<typeof isolateMemory>) => void,
])[] = [
  [
    "a text elsewhere than in the isolate that it names",
    ({ write, heapAt }) => write(heapAt, fillRing([line(1)])),
  ],
  [
    "a page that is not in memory",
    ({ write, heapAt }) => write(heapAt + 0x1_0000 + 60_000, fillRing([line(1)]), false),
  ],
  [
    "an end beyond the buffer",
    ({ write, heapAt }) => {
      const ring = fillRing([line(1)]);
      ring.writeBigUInt64LE(513n, 520);
      write(heapAt + 0x1_0000 + 60_000, ring);
    },
  ],
  [
    "bytes that are no text",
    ({ write, heapAt }) => write(heapAt + 0x1_0000 + 60_000, fillRing([line(1), "\u001b[2J"])),
  ],
  [
    "lines of another process",
    ({ write, heapAt }) => write(heapAt + 0x1_0000 + 60_000, fillRing([line(1).replace("[4711:", "[4712:")])),
  ],
  [
    "two isolates",
    ({ write, heapAt }) => {
      write(heapAt + 0x1_0000 + 60_000, fillRing([line(1)]));
      write(heapAt + 0x6_0000 + 60_000, fillRing([line(1).replace("0x10010000", "0x10060000")]));
    },
  ],
];
for (const [what, make] of REFUSED)
  test(`${what} is never taken for it`, (t) => {
    const memory = isolateMemory(t);
    make(memory);
    const watch = watchTrace(memory.held);
    t.after(() => watch.end());

    assert.match(watch.take().unknown ?? "", /not found|several isolates/);
  });

test("nothing is told of a process that has ended, and no descriptor is left", async (t) => {
  const target = await startNode(t, COLLECTS.replace("if (isMainThread) new", "if (false) new"));
  const held = openProcess(target.pid);
  t.after(() => held.close());
  const ours = () =>
    readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).includes(`/${target.pid}/mem`) ? [fd] : [];
      } catch {
        return [];
      }
    });
  const watch = watchTrace(held);
  let seen = 0;
  await until(() => (seen += watch.take().lines.length) > 0, 60_000);
  assert.equal(ours().length, 1);

  target.child.kill("SIGKILL");
  await until(() => target.child.signalCode !== null, 10_000);
  watch.take();
  assert.deepEqual(watch.take().lines, []);
  watch.end();
  watch.end();
  assert.deepEqual(ours(), []);
});
