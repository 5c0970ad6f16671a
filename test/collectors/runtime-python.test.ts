// The dump was recorded from py-spy 0.4.2 and Python 3.11, as Debian has no package of py-spy.
import assert from "node:assert/strict";
import { test } from "node:test";
import runtime from "../../src/collectors/runtime.ts";
import { UnsupportedError } from "../../src/errors.ts";
import { collectRecorded, fixture, type Recording } from "../helpers/recorded.ts";

const DUMP = "py-spy dump --nonblocking --pid 4242";
const python = (commands: Recording["commands"] = {}): Recording => ({
  target: { pid: 4242, runtime: { name: "python", version: "3.11" } },
  windowMs: 2000,
  commands,
});

test("runtime on Python takes its stacks at both ends of the window, without stopping it", async () => {
  const stdout = fixture("linux/py-spy/two-threads.txt");

  const result = await collectRecorded(runtime, python({ [DUMP]: { stdout } }));

  assert.deepEqual(
    result.readings.filter(({ id }) => id === "python-threads"),
    [
      {
        id: "python-threads",
        text: "2 Python threads, 1 of them running; the main thread is in waits_here (app.py:5) at both ends of the window.",
        value: 1,
        unit: "count",
        method: "py-spy",
        line: 'Thread 5573 (idle): "MainThread"',
        file: "py-spy-last.txt",
      },
    ],
  );
});

test("runtime on Python is unknown without py-spy, and when py-spy cannot read it", async () => {
  const failing = { [DUMP]: { stderr: "Error: Failed to find python version\n", exitCode: 1 } };
  for (const commands of [{}, failing])
    await assert.rejects(collectRecorded(runtime, python(commands)), (error: unknown) => {
      assert.ok(error instanceof UnsupportedError);
      assert.match(error.message, /^what its code does is unknown: py-spy .*collector stacks/);
      return true;
    });
});
