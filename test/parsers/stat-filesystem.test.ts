import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseStatFilesystem } from "../../src/parsers/stat-filesystem.ts";

test("the room of each file system is in bytes, and a path may hold blanks", () => {
  const line = "ext2/ext3 4096 66053021 59683759 20228466 16777216 16308696 /proc/26758/fd/1 2";

  assert.deepEqual(parseStatFilesystem(`${line}\nstat: cannot read\n\n`), [
    {
      type: "ext2/ext3",
      sizeBytes: 66_053_021 * 4096,
      freeBytes: 59_683_759 * 4096,
      availableBytes: 20_228_466 * 4096,
      inodes: 16_777_216,
      freeInodes: 16_308_696,
      path: "/proc/26758/fd/1 2",
      line,
    },
  ]);
});

test("the parser of stat -f never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseStatFilesystem(text)));
});
