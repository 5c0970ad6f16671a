import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseJvmThreads } from "../../src/parsers/jvm-threads.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

const dump = fixture("jvm/thread-print-deadlock-17.txt");

test("threads, the monitors that they wait for, and the deadlock are read from a dump", () => {
  assert.deepEqual(parseJvmThreads(dump), {
    count: 14,
    blocked: new Map([
      [
        "0x00000000fc591e38",
        { count: 1, line: "- waiting to lock <0x00000000fc591e38> (a java.lang.Object)" },
      ],
      [
        "0x00000000fc591e28",
        { count: 1, line: "- waiting to lock <0x00000000fc591e28> (a java.lang.Object)" },
      ],
    ]),
    deadlockLine: "Found one Java-level deadlock:",
  });
});

test("a dump that was cut before its end has no deadlock, and other text is no dump", () => {
  assert.equal(parseJvmThreads(dump.slice(0, dump.indexOf("Found one")))?.deadlockLine, undefined);
  assert.equal(parseJvmThreads("AttachNotSupportedException\n"), undefined);
});

test("the parser of thread dumps never throws", () => {
  fc.assert(fc.property(fc.string({ unit: CODE_POINT }), (text) => void parseJvmThreads(text)));
  fc.assert(fc.property(fc.nat(dump.length), (at) => void parseJvmThreads(dump.slice(at))));
});
