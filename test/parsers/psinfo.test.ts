import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePsinfo } from "../../src/parsers/psinfo.ts";
import { psinfoBytes } from "../helpers/psinfo.ts";

test("what psinfo says of a process is read in bytes and whole text", () => {
  const info = parsePsinfo(psinfoBytes({ pid: 4242 }), 4242);

  assert.deepEqual(info, {
    pid: 4242,
    parentPid: 1,
    uid: 60001,
    lwps: 11,
    virtualBytes: 2048 * 1024,
    residentBytes: 1024 * 1024,
    startSeconds: 1_790_000_000,
    startNanoseconds: 123_456_789,
    command: Buffer.from("node"),
    commandLine: Buffer.from("node server.js"),
    zoneId: 7,
    contract: 93,
  });
});

test("psinfo of another process, or of another layout, is not understood", () => {
  assert.equal(parsePsinfo(psinfoBytes({ pid: 4243 }), 4242), undefined);
  assert.equal(parsePsinfo(psinfoBytes({ pid: 4242 }).subarray(0, 200), 4242), undefined);
});

test("no bytes make the psinfo parser throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(), (bytes, pid) => void parsePsinfo(bytes, pid)),
  );
});
