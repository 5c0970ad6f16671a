import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isMemoryImage } from "../../src/parsers/memory-image.ts";

/** e_type in either byte order; 1 is ELFCLASS32. */
function elf(type: number, order: "little" | "big", size = 2): Buffer {
  const head = Buffer.alloc(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, size, order === "little" ? 1 : 2]);
  if (order === "little") head.writeUInt16LE(type, 16);
  else head.writeUInt16BE(type, 16);
  return head;
}

test("cores of any class and byte order are memory, executables are not", () => {
  for (const order of ["little", "big"] as const) {
    assert.ok(isMemoryImage("x", elf(4, order)));
    assert.ok(isMemoryImage("x", elf(4, order, 1)));
    assert.ok(!isMemoryImage("x", elf(2, order)));
  }
});

test("heap snapshots are known by their name or their beginning, packed cores by their name", () => {
  const none = Buffer.alloc(0);
  for (const name of [
    "a.heapsnapshot",
    "a.HPROF",
    "core.24113.gz",
    "core.node.0.aa.zst",
    "muskie.core.gz",
    "a.heapsnapshot.gz",
  ])
    assert.ok(isMemoryImage(name, none), name);
  for (const name of ["core.txt", "score.gz", "encore.png", "heapsnapshot"])
    assert.ok(!isMemoryImage(name, none), name);
  assert.ok(isMemoryImage("x", Buffer.from('{"snapshot":{"meta":{')));
  assert.ok(isMemoryImage("x", Buffer.from("JAVA PROFILE 1.0.2\0")));
});

test("no bytes make it throw", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.uint8Array({ maxLength: 64 }),
      (name, head) => void isMemoryImage(name, Buffer.from(head)),
    ),
  );
});
