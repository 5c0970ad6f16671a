import assert from "node:assert/strict";
import { test } from "node:test";
import { coreProblems } from "../../src/core/core-check.ts";
import { parseGdbCore } from "../../src/parsers/gdb-core.ts";
import { fixture } from "../helpers/recorded.ts";

const contents = { neededBytes: 8192, segments: 3, memoryBytes: 4096, threadIds: [7, 8], buildId: undefined };
const good = {
  core: { sizeBytes: 8192, contents },
  threadsBefore: [7, 8],
  threadsAfter: [7, 8],
  targetAfter: "alive",
} as const;
const gdb = parseGdbCore(fixture("gdb/core-ok.txt"), fixture("gdb/core-ok.stderr.txt"));

test("a core with every thread, its full length and a live target has no problem", () => {
  assert.deepEqual(coreProblems(good, gdb), []);
});

test("threads that ended or began meanwhile are no loss, one that lasted is", () => {
  const evidence = { ...good, threadsBefore: [5, 7, 8, 9], threadsAfter: [7, 8, 9, 10] };

  assert.deepEqual(coreProblems(evidence, gdb), ["1 of 3 threads are not in the core, the first 9"]);
});

test("a target that died meanwhile makes a core of full size incomplete", () => {
  assert.deepEqual(coreProblems({ ...good, targetAfter: "gone" }, gdb), [
    "the target ended while the core was taken, so parts of it may be empty",
  ]);
});

test("what gdb could not read or write is a problem even when it says that it saved the core", () => {
  const unread = { ...gdb, unreadable: [{ sizeBytes: 4096, address: "0x1000" }] };
  const unwritten = parseGdbCore(fixture("gdb/core-disk-full.txt"), fixture("gdb/core-disk-full.stderr.txt"));

  assert.deepEqual(coreProblems(good, unread), [
    "gdb could not read 1 areas of memory, the first 4096 bytes at 0x1000",
  ]);
  assert.deepEqual(coreProblems(good, unwritten), ["gdb could not write all of it: No space left on device"]);
});

test("what could not be found out is a problem, not a pass", () => {
  const unlisted = { ...good, threadsAfter: undefined, targetAfter: "unknown" } as const;
  const unreadNotes = { ...good, core: { sizeBytes: 8192, contents: { ...contents, threadIds: undefined } } };

  assert.deepEqual(coreProblems(unlisted, gdb), [
    "whether every thread is in the core is unknown: the target's threads could not be listed",
    "whether the target was alive to the end is unknown",
  ]);
  assert.deepEqual(coreProblems(unreadNotes, gdb), [
    "the notes of the core could not be read: its threads are unknown",
  ]);
});
