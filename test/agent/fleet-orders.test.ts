import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openFleetOrders } from "../../src/agent/fleet-orders.ts";
import { serviceOf } from "../../src/agent/fleet-pauses.ts";
import { openJobs } from "../../src/agent/jobs.ts";
import { PROTOCOL, type CaptureOrder, type JobEvent } from "../../src/fleet/contract.ts";
import { until } from "../helpers/until.ts";

const NOW_MS = 1_800_000_000_000;
const LIMIT_MS = 30_000;

/** An agent's orders with a clock that stands still, and captures that end when the test says so. */
async function open(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-orders-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const jobs = await openJobs(join(folder, "spool"));
  const begun: string[] = [];
  const told: JobEvent[] = [];
  const ends: (() => void)[] = [];
  const orders = openFleetOrders({
    jobs,
    stop: new AbortController().signal,
    tell: (event) => void told.push(event),
    nowMs: () => NOW_MS,
    work: {
      recall: (job, signal) => jobs.outcome(job, signal),
      capture: async ({ job }) => {
        begun.push(job);
        await new Promise<void>((resolve) => ends.push(resolve));
        return { kind: "result", state: "done", captureIds: [`of-${job}`], urls: [] };
      },
    },
  });
  const ask = (order: Partial<Record<keyof CaptureOrder | "shell", unknown>>) => {
    const whole = {
      protocol: PROTOCOL,
      job: "job-00000001",
      target: { unit: "web" },
      expiresAtMs: NOW_MS,
      budgetMs: 5000,
      maxPauseMs: 0,
      service: "web",
      pausesAtMost: 1,
      ...order,
    };
    return orders.take(Buffer.from(JSON.stringify(whole)));
  };
  return { folder, ask, orders, begun, told, end: () => ends.shift()?.() };
}

test("an order is begun until its last millisecond by the host's own clock, and not for a day ahead", async (t) => {
  const { ask, begun } = await open(t);

  const late = await ask({ job: "job-00000001", expiresAtMs: NOW_MS - 1 });
  const far = await ask({ job: "job-00000002", expiresAtMs: NOW_MS + 86_400_001 });
  const inTime = await ask({ job: "job-00000003", expiresAtMs: NOW_MS });

  assert.deepEqual([late?.state, far?.state, inTime?.state], ["expired", "denied", "accepted"]);
  assert.deepEqual(begun, ["job-00000003"]);
});

test("the same job acts once: while it runs, when it has ended, and when it comes late", async (t) => {
  const { ask, begun, told, end } = await open(t);

  const answers = await Promise.all([ask({}), ask({}), ask({})]);
  end();
  await until(() => told.length === 1, LIMIT_MS, "its end is told");
  const later = await ask({ expiresAtMs: NOW_MS - 1 });
  await until(() => told.length === 2, LIMIT_MS, "and told again");

  const states = [...answers, later].map((answer) => answer?.state);
  assert.equal(states.filter((state) => state === "accepted").length, 1);
  // Those that come at the same moment may find the target taken.
  assert.ok(states.every((state) => state === "accepted" || state === "repeated" || state === "busy"));
  assert.equal(later?.state, "repeated");
  assert.deepEqual(begun, ["job-00000001"]);
  assert.deepEqual(told[1], told[0]);
  assert.deepEqual(told[0]?.captureIds, ["of-job-00000001"]);
});

test("a target is captured by one job at a time, and at most four are", async (t) => {
  const { ask, begun } = await open(t);

  const first = await ask({ job: "job-00000001" });
  const same = await ask({ job: "job-00000002" });
  const others = [];
  for (const unit of ["a", "b", "c", "d"])
    others.push(await ask({ job: `job-of-unit-${unit}`, target: { unit } }));

  assert.deepEqual([first?.state, same?.state], ["accepted", "busy"]);
  assert.deepEqual(
    others.map((answer) => answer?.state),
    ["accepted", "accepted", "accepted", "busy"],
  );
  assert.equal(begun.length, 4);
});

test("what is no order of ours is denied with a reason or not answered, and nothing is begun", async (t) => {
  const { ask, orders, begun } = await open(t);

  const other = await ask({ protocol: 2 });
  const more = await ask({ shell: "rm -rf /" });
  const noJob = await ask({ job: "../../etc/passwd" });
  const noise = await orders.take(Buffer.from("{"));
  const long = await orders.take(Buffer.alloc(100_000, "x"));

  assert.deepEqual([other?.state, more?.state], ["denied", "denied"]);
  assert.match(other?.reason ?? "", /speaks protocol 1, the order 2/);
  assert.deepEqual([noJob, noise, long], [undefined, undefined, undefined]);
  assert.deepEqual(begun, []);
});

test("a job that cannot be written down is not begun", async (t) => {
  const { folder, ask, begun } = await open(t);
  rmSync(join(folder, "jobs"), { recursive: true });
  writeFileSync(join(folder, "jobs"), "");

  const answer = await ask({});

  assert.equal(answer?.state, "denied");
  assert.match(answer?.reason ?? "", /could not be written down/);
  assert.deepEqual(begun, []);
});

test("the service of a target is what the settings say, else its unit's name, and one for all that has none", () => {
  const settings = { services: [{ match: "^pg-", name: "postgres" }] };
  const of = (...words: readonly string[]) => serviceOf(["capture", ...words], settings);

  assert.equal(of("--", "muskie@7.service"), "muskie");
  assert.equal(of("--budget=5s", "--", "web"), "web");
  assert.equal(of("--", "pg-main"), "postgres");
  assert.equal(of("--pid=1"), "?");
  assert.equal(of("--match=java"), "?");
  assert.equal(of("--", "container:x"), "?");
});
