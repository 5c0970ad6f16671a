import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseProcNetUnix } from "../../src/parsers/proc-net-unix.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("a listener and an abstract name are read", () => {
  const sockets = parseProcNetUnix(fixture("linux/one-of-each/net-unix.txt"));

  assert.deepEqual(
    [...sockets.values()],
    [
      { protocol: "unix", type: "stream", state: "LISTEN", path: "/tmp/exhibit-fixture.sock", inode: 149292 },
      { protocol: "unix", type: "stream", state: "UNCONNECTED", path: "@exhibit fixture", inode: 149293 },
    ],
  );
});

const line = (inode: number, path: string) => `0000: 00000002 00000000 00000000 0001 03 ${inode} ${path}`;

test("a path that imitates another socket's line makes that socket unknown, not what it says", () => {
  const forged = line(5, "/real");

  const sockets = parseProcNetUnix(`${line(9, `/evil\n${forged}`)}\n${line(5, "/true")}\n`);

  assert.deepEqual(sockets.get(5), {
    protocol: "unix",
    type: undefined,
    state: undefined,
    path: undefined,
    inode: 5,
  });
});

test("nothing makes the parser throw", () => {
  fc.assert(fc.property(fc.string({ unit: CODE_POINT }), (text) => void parseProcNetUnix(text)));
});
