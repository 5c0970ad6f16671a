import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { openDeadline } from "../../src/host/deadline.ts";

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  assert.ok(typeof gc === "function");
  gc();
}

test("a deadline comes although nobody holds it and memory is collected meanwhile", async () => {
  const stop = new AbortController();
  const hear = () => once(openDeadline(200, stop.signal).signal, "abort");

  const heard = hear();
  await new Promise(setImmediate);
  collectGarbage();
  const late = new Promise((resolve) => setTimeout(resolve, 5000, "never").unref());

  assert.notEqual(await Promise.race([heard, late]), "never");
});

test("a deadline comes with the first of the other signals, and at once when its time is over", () => {
  const stop = new AbortController();
  const waiting = openDeadline(60_000, stop.signal);

  stop.abort();

  const after = [openDeadline(60_000, stop.signal), openDeadline(0), openDeadline(-5)];
  assert.deepEqual(
    [waiting, ...after].map(({ signal }) => signal.aborted),
    [true, true, true, true],
  );
});

test("a closed deadline never comes, and leaves nothing on the other signals", () => {
  const stop = new AbortController();
  const deadline = openDeadline(Number.POSITIVE_INFINITY, stop.signal);

  deadline.close();
  stop.abort();

  assert.equal(deadline.signal.aborted, false);
  assert.equal(getEventListeners(stop.signal, "abort").length, 0);
});
