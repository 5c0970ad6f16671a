import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { delay, startClock } from "../../src/host/clock.ts";

test("a clock that began earlier has that time behind it already", async () => {
  const clock = startClock(1500);
  const first = clock.elapsedMs();

  await delay(20);

  assert.ok(first >= 1500 && first < 2500, String(first));
  assert.ok(clock.elapsedMs() - first >= 19);
});

test("now is UTC with milliseconds", () => {
  const before = Date.now();

  const now = startClock().now();

  assert.match(now, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Date.parse(now) >= before && Date.parse(now) <= Date.now());
});

test("a delay ends when its time has come, and at once for a time that is past", async () => {
  const clock = startClock();

  await delay(40);
  const whole = clock.elapsedMs();
  await delay(-1000);

  assert.ok(whole >= 38, String(whole));
  assert.ok(clock.elapsedMs() - whole < 900);
});

test("a delay ends at once when its signal aborts, before or meanwhile, and does not reject", async () => {
  const clock = startClock();
  const meanwhile = new AbortController();

  await delay(60_000, AbortSignal.abort());
  const waiting = delay(60_000, meanwhile.signal);
  meanwhile.abort();
  await waiting;

  assert.ok(clock.elapsedMs() < 30_000);
});

test("a delay leaves no listener on its signal", async () => {
  const { signal } = new AbortController();

  await delay(1, signal);

  assert.deepEqual(getEventListeners(signal, "abort"), []);
});
