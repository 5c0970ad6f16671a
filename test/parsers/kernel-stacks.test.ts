import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseKernelStacks } from "../../src/parsers/kernel-stacks.ts";

test("threads are read with what they wait for, whatever their name is", () => {
  const head = "TID 43 (a) state R (x)) state D wchan folio_wait_bit_common syscall 17 0x3 0x7f";
  const text = `${head}\n[<0>] folio_wait_bit_common+0x12f/0x310\n\nTID 42 (main) state R wchan - syscall running\nstack unknown\n`;

  assert.deepEqual(parseKernelStacks(text), [
    {
      tid: 43,
      name: "a) state R (x)",
      state: "D",
      wchan: "folio_wait_bit_common",
      call: { number: 17, arguments: ["0x3", "0x7f"] },
      line: head,
    },
    {
      tid: 42,
      name: "main",
      state: "R",
      wchan: undefined,
      call: undefined,
      line: "TID 42 (main) state R wchan - syscall running",
    },
  ]);
});

test("the parser of kernel stacks never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseKernelStacks(`TID ${text}`)));
});
