import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseGdbCore } from "../../src/parsers/gdb-core.ts";
import { fixture } from "../helpers/recorded.ts";

test("a good run of gdb has only the kernel's own page unread, which is no loss", () => {
  const output = parseGdbCore(fixture("gdb/core-ok.txt"), fixture("gdb/core-ok.stderr.txt"));

  assert.deepEqual(output, {
    attached: true,
    attachError: undefined,
    saved: true,
    detached: true,
    unreadable: [],
    writeErrors: [],
  });
});

test("a full disk shows in gdb's warnings, while it says that the core is saved", () => {
  const output = parseGdbCore(fixture("gdb/core-disk-full.txt"), fixture("gdb/core-disk-full.stderr.txt"));

  assert.equal(output.saved, true);
  assert.deepEqual(output.writeErrors, ["No space left on device"]);
});

test("a process that somebody traces is refused with the tracer's pid", () => {
  const output = parseGdbCore("", fixture("gdb/core-traced.stderr.txt"));

  assert.equal(output.attached, false);
  assert.equal(output.attachError, "process 10053 is already traced by process 10054");
});

test("areas that gdb could not read are listed, the vsyscall page aside", () => {
  const stderr = [
    "warning: Memory read failed for corefile section, 8192 bytes at 0x7f0000000000.",
    "warning: Memory read failed for corefile section, 4096 bytes at 0xffffffffff600000.",
  ].join("\n");

  assert.deepEqual(parseGdbCore("", stderr).unreadable, [{ sizeBytes: 8192, address: "0x7f0000000000" }]);
});

test("the parser of gdb's output never throws", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (stdout, stderr) => void parseGdbCore(stdout, stderr)));
});
