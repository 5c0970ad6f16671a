import assert from "node:assert/strict";
import { test } from "node:test";
import { restartVerdict } from "../../src/readings/verdict.ts";

const RESTART = { id: "deadlock", sureness: "likely", speaksFor: "restart" } as const;
const AGAINST = { id: "disk-full", sureness: "certain", speaksFor: "not-restart" } as const;
const HINT = { id: "load", sureness: "hint", speaksFor: "not-restart" } as const;
const NEITHER = { id: "thread-cpu", sureness: "certain", speaksFor: "none" } as const;

test("the first reading that speaks and is more than a hint decides", () => {
  assert.deepEqual(restartVerdict([NEITHER, HINT, RESTART, AGAINST]), { helps: "likely", because: RESTART });
  assert.deepEqual(restartVerdict([AGAINST, RESTART]), { helps: "unlikely", because: AGAINST });
});

test("hints, and readings of older bundles, decide nothing", () => {
  assert.equal(restartVerdict([NEITHER, HINT, { id: "close-wait" }]).helps, "unknown");
  assert.equal(restartVerdict([]).because, undefined);
});
