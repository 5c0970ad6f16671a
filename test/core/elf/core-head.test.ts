import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readCoreFile } from "../../../src/core/elf-core.ts";
import { buildCoreHead } from "../../../src/core/elf/core-head.ts";
import { dumpedBytes, isListed, USUAL_FILTER } from "../../../src/core/elf/dump-rule.ts";
import { verifyHead } from "../../../src/core/verify-stream.ts";
import type { AreaDetails } from "../../../src/parsers/proc-maps.ts";
import { notesOf } from "../../helpers/core-notes.ts";

const folder = mkdtempSync(join(tmpdir(), "exhibit-head-"));
after(() => rmSync(folder, { recursive: true }));

const NO_FLAGS = { dontDump: false, device: false, huge: false, wipeOnFork: false, dontFork: false };
const area = (given: Partial<AreaDetails> = {}): AreaDetails => ({
  start: 0x10000,
  end: 0x12000,
  permissions: "rw-p",
  offset: 0,
  inode: 0,
  name: "",
  residentBytes: 8192,
  anonymousBytes: 8192,
  swapBytes: 0,
  flags: NO_FLAGS,
  ...given,
});

test("a process of more areas than 16 bits count has a core that others read", async () => {
  const segments = Array.from({ length: 70_000 }, (_, index) => ({
    area: area({ start: 0x10000 + index * 8192, end: 0x10000 + index * 8192 + 4096 }),
    bytes: 0,
  }));
  const { bytes, totalBytes } = buildCoreHead(segments, Buffer.alloc(0));
  const path = join(folder, "many");
  writeFileSync(path, bytes);

  const core = await readCoreFile(path);

  assert.equal(core?.contents?.segments, 70_000);
  assert.equal(totalBytes, bytes.length);
  const head = execFileSync("readelf", ["-h", path], { encoding: "utf8" });
  assert.match(head, /Number of program headers:\s+65535 \(70001\)/);
});

test("a core that is shorter or longer than its headers say, or lacks a thread, is none", () => {
  const { bytes, totalBytes } = buildCoreHead([{ area: area(), bytes: 8192 }], notesOf(7));
  const nobody = buildCoreHead([{ area: area(), bytes: 8192 }], Buffer.alloc(0));

  assert.deepEqual(verifyHead(bytes, totalBytes, [7]).problems, []);
  assert.deepEqual(verifyHead(nobody.bytes, nobody.totalBytes, []).problems, ["the core holds no thread"]);
  assert.deepEqual(verifyHead(bytes, totalBytes - 1, [7]).problems, [
    `the core has ${totalBytes - 1} bytes where its headers need ${totalBytes}`,
  ]);
  assert.deepEqual(verifyHead(bytes, totalBytes, [7, 8]).problems, [
    "1 of 2 threads are not in the core, the first 8",
  ]);
  assert.deepEqual(verifyHead(bytes.subarray(0, 100), totalBytes, []).problems, [
    "the core's headers are cut off",
  ]);
  assert.deepEqual(verifyHead(Buffer.from("nothing"), 7, []).problems, ["the core does not begin as one"]);
});

test("what belongs in a core follows the kernel's rule and the process's filter", () => {
  const file = { inode: 7, name: "/lib/x.so", anonymousBytes: 0, permissions: "r-xp" };
  const rows: readonly (readonly [string, AreaDetails, number, number])[] = [
    ["written private memory", area(), USUAL_FILTER, 8192],
    ["the same in swap", area({ anonymousBytes: 0, swapBytes: 4096 }), USUAL_FILTER, 8192],
    ["memory that was never touched", area({ anonymousBytes: 0, residentBytes: 0 }), USUAL_FILTER, 0],
    ["MADV_DONTDUMP", area({ flags: { ...NO_FLAGS, dontDump: true } }), 0x7f, 0],
    ["a device", area({ flags: { ...NO_FLAGS, device: true } }), 0x7f, 0],
    [
      "shared without a name",
      area({ permissions: "rw-s", inode: 3, name: "/dev/zero (deleted)" }),
      0x33,
      8192,
    ],
    ["a shared file", area({ permissions: "rw-s", inode: 3, name: "/data" }), 0x33, 0],
    ["a shared file, asked for", area({ permissions: "rw-s", inode: 3, name: "/data" }), 0x3b, 8192],
    ["the start of a library", area({ ...file, permissions: "r--p" }), 0x33, 4096],
    ["its code", area({ ...file, offset: 4096 }), 0x33, 0],
    ["its code, asked for", area({ ...file, offset: 4096 }), 0x37, 8192],
    ["its data, written", area({ ...file, anonymousBytes: 4096, permissions: "rw-p" }), 0x33, 8192],
    ["huge pages", area({ flags: { ...NO_FLAGS, huge: true } }), 0x33, 8192],
    ["vdso", area({ name: "[vdso]", anonymousBytes: 0 }), 0, 8192],
    ["vvar", area({ name: "[vvar]" }), 0x7f, 0],
  ];

  for (const [what, one, filter, bytes] of rows) assert.equal(dumpedBytes(one, filter), bytes, what);
});

test("what was left out is not listed, so that nobody reads it as zeros", () => {
  assert.equal(isListed(area(), 8192), true);
  assert.equal(isListed(area(), 0), false);
  assert.equal(isListed(area({ residentBytes: 0 }), 0), true);
  assert.equal(isListed(area({ inode: 7, name: "/lib/x.so" }), 0), true);
});
