import assert from "node:assert/strict";
import { test } from "node:test";
import { allows, runFilter } from "../../../src/core/ptrace/seccomp.ts";

const ALLOW = 0x7fff_0000;
const REFUSE = 0x0005_0001;

/** struct sock_filter: code, jt, jf, k. */
function program(...instructions: readonly (readonly [number, number, number, number])[]): Buffer {
  const bytes = Buffer.alloc(8 * instructions.length);
  instructions.forEach(([code, yes, no, k], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes[index * 8 + 2] = yes;
    bytes[index * 8 + 3] = no;
    bytes.writeUInt32LE(k >>> 0, index * 8 + 4);
  });
  return bytes;
}

const LOAD = 0x20;
const EQUAL = 0x15;
const SET = 0x45;
const RETURN = 0x06;

/** As container runtimes write it: the call `number` only without the bits `mask` in its first argument. */
const withoutBits = (number: number, mask: number) =>
  program(
    [LOAD, 0, 0, 4],
    [EQUAL, 1, 0, 0xc000_003e],
    [RETURN, 0, 0, 0],
    [LOAD, 0, 0, 0],
    [EQUAL, 0, 3, number],
    [LOAD, 0, 0, 16],
    [SET, 0, 1, mask],
    [RETURN, 0, 0, REFUSE],
    [RETURN, 0, 0, ALLOW],
  );

test("a filter's answer goes by number and arguments", () => {
  const filter = withoutBits(56, 0x7e02_0000);

  assert.equal(allows([filter], { number: 56, arguments: [0n, 4096n] }, 0n), true);
  assert.equal(allows([filter], { number: 56, arguments: [0x1000_0000n, 0n] }, 0n), false);
  assert.equal(allows([filter], { number: 1, arguments: [0xffff_ffffn] }, 0n), true);
});

test("every filter must allow, and nothing but ALLOW does: not LOG, not TRACE, not a notification", () => {
  const yes = program([RETURN, 0, 0, ALLOW]);

  assert.equal(allows([yes, yes], { number: 1, arguments: [] }, 0n), true);
  for (const action of [REFUSE, 0x7ffc_0000, 0x7ff0_0000, 0x7fc0_0000, 0x8000_0000, 0])
    assert.equal(allows([yes, program([RETURN, 0, 0, action])], { number: 1, arguments: [] }, 0n), false);
});

test("an instruction that nobody knows, or a program without an end, is no answer", () => {
  const data = Buffer.alloc(64);

  assert.equal(runFilter(program([0xffff, 0, 0, 0]), data), undefined);
  assert.equal(runFilter(program([LOAD, 0, 0, 0]), data), undefined);
});

test("arithmetic is of 32 bits without a sign", () => {
  const data = Buffer.alloc(64);
  const value = (...steps: readonly (readonly [number, number, number, number])[]) =>
    runFilter(program(...steps, [0x16, 0, 0, 0]), data);

  assert.equal(value([0x00, 0, 0, 5], [0x14, 0, 0, 6]), 0xffff_ffff);
  assert.equal(value([0x00, 0, 0, 0xffff_ffff], [0x04, 0, 0, 2]), 1);
  assert.equal(value([0x00, 0, 0, 0x8000_0000], [0x74, 0, 0, 31]), 1);
  assert.equal(value([0x00, 0, 0, 1], [0x64, 0, 0, 31]), 0x8000_0000);
  assert.equal(value([0x00, 0, 0, 1], [0x84, 0, 0, 0]), 0xffff_ffff);
});
