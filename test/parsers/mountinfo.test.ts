import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseMountinfo } from "../../src/parsers/mountinfo.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("every line of a recorded mountinfo is a mount", () => {
  const mounts = parseMountinfo(fixture("linux/host/mountinfo-hybrid.txt"));

  assert.equal(mounts.length, 12);
  assert.deepEqual(mounts.at(-1), {
    root: "/",
    point: "/sys/fs/cgroup/unified",
    type: "cgroup2",
    options: ["rw"],
  });
});

test("optional fields before the hyphen and octal escapes are understood", () => {
  const mounts = parseMountinfo(
    "36 35 98:0 /a /mnt/with\\040blank rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue\n",
  );

  assert.deepEqual(mounts, [
    { root: "/a", point: "/mnt/with blank", type: "ext3", options: ["rw", "errors=continue"] },
  ]);
});

test("any text is read without a throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), (text) => {
      parseMountinfo(`1 2 3:4 / / rw - ${text}\n${text}`);
    }),
  );
});
