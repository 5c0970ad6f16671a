import assert from "node:assert/strict";
import { test } from "node:test";
import { inspected, readingOf } from "../helpers/evidence.ts";

const MIB = 1024 ** 2;

const heap = (used: number) => inspected({ heap: { used_bytes: used * MIB, limit_bytes: 100 * MIB } });

test("a heap near its limit speaks for a restart, one with room is no reading", async () => {
  assert.deepEqual(
    (await readingOf("heap-near-limit", heap(92)))?.text,
    "The heap holds 92 MiB of the 100 MiB that it may (92%).",
  );
  assert.equal(await readingOf("heap-near-limit", heap(60)), undefined);
});

const gcShareOf = async (share: number) => {
  const found = await readingOf(
    "gc-share",
    inspected({ gc: { share_pct: share, count: 9, max_pause_ms: 20 } }),
  );
  return found && [found.value, found.sureness, found.speaksFor];
};

test("a small share of garbage collection is no reading, much of it speaks for a restart", async () => {
  assert.equal(await gcShareOf(2), undefined);
  assert.deepEqual(await gcShareOf(12), [12, "hint", "none"]);
  assert.deepEqual(await gcShareOf(41), [41, "likely", "restart"]);
  assert.equal(await readingOf("gc-share", inspected({})), undefined);
});

const route = (mean: number) =>
  inspected({
    routes: [
      {
        kind: "server",
        "http.request.method": "GET",
        "http.route": "/x",
        count: 10,
        mean_ms: mean,
        max_ms: 900,
      },
      {
        kind: "client",
        "http.request.method": "GET",
        "http.route": "/y",
        count: 10,
        mean_ms: 9999,
        max_ms: 9999,
      },
    ],
  });

test("of the routes the one that takes the time is told, when it is slow", async () => {
  assert.match(
    (await readingOf("slowest-route", route(700)))?.text ?? "",
    /went into GET \/x: 10 of them, 700 ms/,
  );
  assert.equal(await readingOf("slowest-route", route(30)), undefined);
});

test("worker threads and Node processes beside the main thread are said to be left out", async () => {
  const others = inspected({
    workers_not_observed: [{ id: "1", title: "mailer" }],
    children_not_observed: [
      { pid: 71, kind: "cluster" },
      { pid: 72, kind: "fork" },
    ],
  });

  assert.equal(
    (await readingOf("not-looked-into", others))?.text,
    "Not in its requests, garbage collection and event loop of 5 s: 1 worker thread and 2 Node processes that it started (pid 71, 72).",
  );
  assert.equal(await readingOf("not-looked-into", inspected({ workers_not_observed: [] })), undefined);
});
