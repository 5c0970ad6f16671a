// Together: PATH is put back before the next test.
// A compressed core is called one only when all of it decodes, is as long as its headers need, and holds every thread.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { buildCoreHead } from "../../src/core/elf/core-head.ts";
import { followStream } from "../../src/core/follow-stream.ts";
import { verifyStream } from "../../src/core/verify-stream.ts";
import { notesOf } from "../helpers/core-notes.ts";

const folder = mkdtempSync(join(tmpdir(), "exhibit-verify-"));
after(() => rmSync(folder, { recursive: true }));

const MEMORY = 4 * 1024 ** 2;
const flags = { dontDump: false, device: false, huge: false, wipeOnFork: false, dontFork: false };
const area = {
  start: 0x10000,
  end: 0x10000 + MEMORY,
  permissions: "rw-p",
  offset: 0,
  inode: 0,
  name: "",
  flags,
};
const counts = { residentBytes: MEMORY, anonymousBytes: MEMORY, swapBytes: 0 };
const { bytes: head } = buildCoreHead([{ area: { ...area, ...counts }, bytes: MEMORY }], notesOf(5));
const expected = { headBytes: head.length, threads: [5] };

/** A packed core, its memory `less` bytes shorter than its headers say. */
function packed(name: string, less = 0): string {
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat([head, randomBytes(MEMORY - less)]));
  execFileSync("zstd", ["-1", "-q", "--check", "--rm", "-o", `${path}.zst`, path]);
  return `${path}.zst`;
}

const problemsOf = async (path: string, given: Parameters<typeof verifyStream>[1] = expected) =>
  (await verifyStream(path, given)).problems;

test("a core that is whole has no problem; one without a thread has one", async () => {
  const path = packed("whole");

  assert.deepEqual(await problemsOf(path), []);
  assert.deepEqual(await problemsOf(path, { ...expected, threads: [5, 7] }), [
    "1 of 2 threads are not in the core, the first 7",
  ]);
});

test("one byte that changed, and an end that is not there, do not decode", async () => {
  const changed = packed("changed");
  const bytes = readFileSync(changed);
  const middle = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  writeFileSync(changed, bytes);
  const cut = packed("cut");
  writeFileSync(cut, readFileSync(cut).subarray(0, -5));
  const empty = join(folder, "empty.zst");
  writeFileSync(empty, "");

  for (const path of [changed, cut, join(folder, "missing.zst")])
    assert.deepEqual(await problemsOf(path), ["the compressed core does not decode"], path);
  assert.notDeepEqual(await problemsOf(empty), []);
});

test("what decodes and is too short, or has something behind it, is no core", async () => {
  const short = packed("short", 1);
  const long = packed("long");
  appendFileSync(long, execFileSync("zstd", ["-c"], { input: "more" }));
  const needed = head.length + MEMORY;

  assert.deepEqual(await problemsOf(short), [
    `the core has ${needed - 1} bytes where its headers need ${needed}`,
  ]);
  assert.deepEqual(await problemsOf(long), [
    `the core has ${needed + 4} bytes where its headers need ${needed}`,
  ]);
});

test("where zstd does not tell the length, the bytes are counted", async (t) => {
  const [whole, short] = [packed("quiet"), packed("quiet-short", 1)];
  const tools = join(folder, "tools");
  mkdirSync(tools);
  const real = execFileSync("which", ["zstd"], { encoding: "utf8" }).trim();
  writeFileSync(join(tools, "zstd"), `#!/bin/sh\nexec ${real} -q "$@"\n`, { mode: 0o755 });
  const before = process.env.PATH;
  process.env.PATH = `${tools}:${before ?? ""}`;
  t.after(() => (process.env.PATH = before));

  assert.deepEqual(await problemsOf(whole), []);
  assert.equal((await problemsOf(short)).length, 1);
});

test("a core is decoded while it grows, and what is missing or wrong at its end is found all the same", async () => {
  const bytes = readFileSync(packed("source"));
  const wrong = Buffer.from(bytes);
  wrong.writeUInt8(wrong.readUInt8(wrong.length - 9) ^ 1, wrong.length - 9);
  for (const [name, all, problems] of [
    ["grown", bytes, []],
    ["stopped", bytes.subarray(0, -1), ["the compressed core does not decode"]],
    ["wrong", wrong, ["the compressed core does not decode"]],
  ] as const) {
    const path = join(folder, `${name}.growing`);
    writeFileSync(path, "");
    const check = followStream(path);
    for (let at = 0; at < all.length; at += 500_000) {
      appendFileSync(path, all.subarray(at, at + 500_000));
      await delay(5);
    }
    assert.deepEqual((await check.finish(expected)).problems, problems, name);
  }
});

test("a check that is given up ends at once", async () => {
  const path = join(folder, "given-up");
  writeFileSync(path, "");
  const check = followStream(path);

  check.cancel();

  assert.equal((await check.finish(expected)).problems.length, 1);
});
