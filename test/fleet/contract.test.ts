import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  CaptureOrder,
  Envelope,
  HostState,
  JobEvent,
  JobId,
  MESSAGE_LIMIT_BYTES,
  OrderAnswer,
  PAUSES,
  pauseKeys,
  PROTOCOL,
  StatusAnswer,
  subjects,
  tokenOf,
} from "../../src/fleet/contract.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

const ORDER = {
  protocol: PROTOCOL,
  job: "job-0001",
  target: { unit: "muskie@7" },
  expiresAtMs: 1_800_000_000_000,
  budgetMs: 10_000,
  maxPauseMs: 0,
  service: "muskie",
  pausesAtMost: 1,
};

test("a name of a host is one token of a subject, and no two names are the same token", () => {
  assert.equal(tokenOf("cn14.us-east.example"), "cn14=2Eus-east=2Eexample");
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), fc.string({ unit: CODE_POINT }), (one, other) => {
      assert.match(tokenOf(one), /^[A-Za-z0-9_=-]*$/);
      // What is no text (a lone surrogate) has no bytes of its own.
      const same = Buffer.from(one).equals(Buffer.from(other));
      assert.equal(tokenOf(one) === tokenOf(other), same);
    }),
  );
});

test("a host named with wildcards or dots cannot widen a subject", () => {
  assert.equal(subjects.capture("*"), "ex.v1.host.=2A.capture");
  assert.equal(subjects.status(">"), "ex.v1.host.=3E.status");
  assert.equal(subjects.event("a.b", "job-0001"), "ex.v1.evt.a=2Eb.job-0001");
  assert.equal(subjects.inbox("op.1"), "_INBOX_op=2E1");
  assert.equal(subjects.all.split(".").length, 4);
});

test("an order of another protocol is no order of ours, but says which it is", () => {
  const other = { ...ORDER, protocol: 2, more: "unknown" };

  assert.equal(CaptureOrder.safeParse(other).success, false);
  assert.equal(Envelope.parse(other).protocol, 2);
  assert.deepEqual(CaptureOrder.parse(ORDER), { ...ORDER, incidents: [] });
});

test("job ids are names of files and tokens of subjects", () => {
  for (const id of ["../escape", "a.b.c.d.e", "short", "-option-like", "a b c d e f"])
    assert.equal(JobId.safeParse(id).success, false, id);
  assert.equal(JobId.safeParse("20261122-4f2a91").success, true);
});

test("what an agent answers is checked, and fits into a message", () => {
  const status = { protocol: PROTOCOL, host: "cn14", version: "0.1.0", nowMs: 1, capturing: 0 };
  assert.deepEqual(StatusAnswer.parse(status), status);
  assert.equal(
    OrderAnswer.safeParse({ protocol: PROTOCOL, job: "job-0001", state: "done" }).success,
    false,
    "done is told by an event",
  );
  const event = JobEvent.parse({ protocol: PROTOCOL, job: "job-0001", state: "partial" });
  assert.ok(JSON.stringify(event).length < MESSAGE_LIMIT_BYTES);
  assert.equal(HostState.options.length, 10);
});

test("the pauses of a service are as many keys as hosts may be paused at once", () => {
  assert.deepEqual(pauseKeys("muskie", 2), ["muskie.0", "muskie.1"]);
  assert.ok(PAUSES.ttlMs > 0);
});
