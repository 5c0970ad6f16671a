import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseEuStack, parseUnwindErrors } from "../../src/parsers/eu-stack.ts";
import { fixture } from "../helpers/recorded.ts";

test("eu-stack shows each thread's frames, the innermost first", () => {
  const threads = parseEuStack(fixture("eu-stack/node-idle.txt"));

  assert.equal(threads.length, 7);
  assert.deepEqual(threads[0]?.frames[0], {
    address: "0x00007f9fb3846cae",
    symbol: "epoll_pwait",
    line: "#0  0x00007f9fb3846cae epoll_pwait",
  });
  assert.equal(threads[0]?.frames[3]?.symbol, "node::SpinEventLoopInternal(node::Environment*)");
});

test("generated code has an address and no name", () => {
  const threads = parseEuStack(fixture("eu-stack/stuck.txt"));

  assert.deepEqual(
    threads.map(({ frames }) => frames.length),
    [7, 6, 1, 256],
  );
  assert.equal(threads[2]?.frames[0]?.symbol, undefined);
});

test("stderr says whose stack is cut short, and why", () => {
  assert.deepEqual(parseUnwindErrors(fixture("eu-stack/stuck.stderr.txt")), [
    { tid: 15412, reason: "No DWARF information found" },
    { tid: 15413, reason: "shown max number of frames (256, use -n 0 for unlimited)" },
  ]);
  assert.deepEqual(parseUnwindErrors("eu-stack: dwfl_linux_proc_report pid 1: Permission denied\n"), []);
});

test("the parsers of eu-stack never throw", () => {
  fc.assert(fc.property(fc.string(), (text) => void [parseEuStack(text), parseUnwindErrors(text)]));
  const lines = fc.array(
    fc.constantFrom("TID 1:", "TID x:", "#0  0x1 a", "#1  0x2", "#x", "PID 1 - process", ""),
  );
  fc.assert(fc.property(lines, (some) => void parseEuStack(some.join("\n"))));
});
