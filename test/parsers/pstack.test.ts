import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePstack, parsePstackError } from "../../src/parsers/pstack.ts";
import { fixture } from "../helpers/recorded.ts";

const shapeOf = (name: string) =>
  parsePstack(fixture(`illumos/pstack/${name}.txt`)).map((thread) => ({
    tid: thread.tid,
    name: thread.name,
    symbols: thread.frames.map(({ symbol }) => symbol),
  }));

test("pstack's old separator; an lwp without frames stays without", () => {
  assert.deepEqual(shapeOf("old-two-lwps-and-a-silent-one"), [
    { tid: 1, name: undefined, symbols: ["portfs", "uv__io_poll", "uv_run", undefined] },
    { tid: 2, name: undefined, symbols: ["lwp_park", "cond_wait_queue", "_thrp_setup"] },
    { tid: 9, name: undefined, symbols: [] },
  ]);
});

test("pstack's new separator has names, and demangled symbols have brackets", () => {
  assert.deepEqual(shapeOf("new-with-names"), [
    {
      tid: 1,
      name: undefined,
      symbols: ["lwp_park", "example::park::{{closure}} (int, std::pair<int (*)(), int>)", "_start"],
    },
    { tid: 10, name: "flow ) worker", symbols: ["_lwp_start"] },
  ]);
});

test("a process with one thread has no separator", () => {
  assert.deepEqual(shapeOf("one-lwp-32-bit"), [
    { tid: 1, name: undefined, symbols: ["read", "copy", "_start"] },
  ]);
});

test("pstack's refusals give their reason", () => {
  const reasons = ["noproc", "permission", "traced"].map((name) =>
    parsePstackError(fixture(`illumos/pstack/err-${name}.txt`)),
  );

  assert.deepEqual(reasons, ["no such process", "permission denied", "process is traced"]);
  assert.equal(parsePstackError(""), undefined);
});

test("the parsers of pstack never throw", () => {
  fc.assert(
    fc.property(fc.string(), (text) => void [parsePstack(` feee0f35 ${text}`), parsePstackError(text)]),
  );
});
