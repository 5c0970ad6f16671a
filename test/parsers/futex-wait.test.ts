import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseFutexWait } from "../../src/parsers/futex-wait.ts";

// The first was read on x86-64 with glibc 2.36; the others are of the same form, with what their sources say they pass.
const CASES = [
  ["a mutex of glibc", "202 0x55ceb1db31a0 0x80 0x2 0x0 0x0 0x0 0x7f3a1 0x7f3b2", true],
  ["a mutex that processes share", "202 0x7f0011223344 0x0 0x2 0x0 0x0 0x0 0x7f3a1 0x7f3b2", true],
  ["a mutex of musl", "202 0x601048 0x80 0x80001a2b 0x0 0x0 0x0 0x7f3a1 0x7f3b2", true],
  [
    "the same, its register sign-extended",
    "202 0x601048 0x80 0xffffffff80001a2b 0x0 0x0 0x0 0x7f3a1 0x7f3b2",
    true,
  ],
  ["priority inheritance", "202 0x601048 0x86 0x0 0x0 0x0 0x0 0x7f3a1 0x7f3b2", true],
  ["arm64", "98 0xaaaae5a21010 0x80 0x2 0x0 0x0 0x0 0xffffd 0xffff8", true],
  ["a condition variable", "202 0x7f3a10 0x189 0x0 0x0 0x0 0xffffffff 0x7f3a1 0x7f3b2", false],
  ["a worker of Go without work", "202 0xc000080150 0x80 0x0 0x0 0x0 0x0 0x7f3a1 0x7f3b2", false],
] as const;

for (const [what, line, isLock] of CASES)
  test(`${what} ${isLock ? "is" : "is not"} a lock that somebody else holds`, () => {
    assert.deepEqual(parseFutexWait(line), { address: line.split(" ")[1], isLock });
  });

test("what is no wait for a futex is undefined", () => {
  for (const line of [
    "",
    "running",
    "-1 0x7f 0x8",
    "232 0x4 0x80 0x2 0x0 0x0 0x0 0x1 0x2",
    "202 x 0x80 0x2 0x0",
  ])
    assert.equal(parseFutexWait(line), undefined);
});

test("the parser of futex waits never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseFutexWait(text)));
});
