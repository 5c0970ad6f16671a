import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseGoVersion } from "../../src/parsers/go-buildinfo.ts";

function buildInfo(flags: number, version: string): Buffer {
  const head = Buffer.alloc(32);
  head.write("\xff Go buildinf:", "latin1");
  head[14] = 8;
  head[15] = flags;
  return Buffer.concat([head, Buffer.from([version.length]), Buffer.from(version), Buffer.alloc(40)]);
}

test("the version of a Go program is read where it is written inline", () => {
  assert.equal(parseGoVersion(buildInfo(2, "go1.22.4")), "1.22.4");
  assert.equal(parseGoVersion(buildInfo(2, "go1.23rc1 X:boringcrypto")), "1.23rc1");
});

test("a version behind a pointer, and bytes that are none, are unknown", () => {
  assert.equal(parseGoVersion(buildInfo(0, "go1.17")), undefined);
  assert.equal(parseGoVersion(buildInfo(2, "devel")), undefined);
  assert.equal(parseGoVersion(Buffer.alloc(0)), undefined);
});

test("no bytes make the Go parser throw", () => {
  fc.assert(
    fc.property(
      fc.uint8Array(),
      (bytes) => void parseGoVersion(Buffer.concat([buildInfo(2, "").subarray(0, 32), bytes])),
    ),
  );
});
