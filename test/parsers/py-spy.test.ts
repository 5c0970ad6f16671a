import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePySpy } from "../../src/parsers/py-spy.ts";
import { fixture } from "../helpers/recorded.ts";

test("a dump of py-spy gives each thread, its state and its frames, the innermost first", () => {
  const threads = parsePySpy(fixture("linux/py-spy/two-threads.txt"));

  assert.deepEqual(
    threads.map(({ name, isIdle, frames }) => ({ name, isIdle, top: frames[0] })),
    [
      { name: "MainThread", isIdle: true, top: "waits_here (app.py:5)" },
      { name: 'a "hostile" (name)', isIdle: false, top: "spins_here (app.py:2)" },
    ],
  );
});

test("what is no dump has no threads", () => {
  assert.deepEqual(parsePySpy("Error: Failed to find python version from target process\n"), []);
});
