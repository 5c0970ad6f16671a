import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { delay } from "../../src/host/clock.ts";
import { HostState } from "../../src/fleet/contract.ts";
import type { HostOutcome, Job } from "../../src/fleet/job.ts";
import { createLedger, resumeLedger, type Ledger } from "../../src/fleet/ledger.ts";
import { planOf } from "../../src/fleet/plan.ts";
import { runFleet, type Ask, type FleetProgress } from "../../src/fleet/run-fleet.ts";
import type { FleetHost } from "../../src/fleet/transport.ts";
import { until } from "../helpers/until.ts";

let jobs = 0;

function jobOf(hosts: readonly FleetHost[], more: Partial<Job> = {}): Job {
  return {
    job: `test-job-${jobs++}`,
    do: "capture",
    transport: "ssh",
    startedAt: "2026-11-22T03:12:07.000Z",
    operator: "kim",
    hosts: [...hosts],
    target: { unit: "muskie@7" },
    atMost: 10,
    pausesAtMost: 1,
    stopAfter: { percent: 100 },
    deadlineMs: 60_000,
    budgetMs: 30_000,
    maxPauseMs: 10_000,
    incidents: [],
    ...more,
  };
}

const hostsOf = (...names: readonly string[]): FleetHost[] =>
  names.map((name) => ({ name, address: name, service: name.replace(/\d+$/, "") }));

const ended = (state: HostState): HostOutcome => ({ state, captureIds: [], urls: [] });

async function folderOf(t: Pick<TestContext, "after">): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "exhibit-ledger-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

async function runJob(job: Job, ledger: Ledger, ask: Ask, more: { beginNoMore?: AbortSignal } = {}) {
  const told: FleetProgress[] = [];
  await runFleet({
    job,
    plan: planOf(job.hosts, { ...job, pausesAtMost: job.pausesAtMost }, job.do !== "check"),
    ledger,
    ask,
    pausesHeldBy: "controller",
    beginNoMore: more.beginNoMore ?? new AbortController().signal,
    stop: new AbortController().signal,
    tell: (progress) => told.push(progress),
  });
  await ledger.close();
  const states = Object.fromEntries([...ledger.records].map(([name, { state }]) => [name, state]));
  return { told, states };
}

test("never more hosts at once than was said, nor more of one service", async (t) => {
  const folder = await folderOf(t);
  const hosts = hostsOf(...Array.from({ length: 24 }, (_, at) => `${"abc"[at % 3]}${at}`));
  const running: FleetHost[] = [];
  let most = 0;
  const mostOf: Record<string, number> = {};
  const ask: Ask = async (host) => {
    running.push(host);
    const same = running.filter(({ service }) => service === host.service).length;
    mostOf[host.service] = Math.max(mostOf[host.service] ?? 0, same);
    most = Math.max(most, running.length);
    // A host that is asked alone, as the canary is, goes on after a while; the others wait until as many run as may.
    await until(() => most >= 4 && (mostOf["a"] ?? 0) >= 2, 500).catch(() => undefined);
    running.splice(running.indexOf(host), 1);
    return ended("done");
  };
  const job = jobOf(hosts, { atMost: 4, pausesAtMost: 2 });

  const { states } = await runJob(job, await createLedger(folder, job), ask);

  assert.equal(most, 4);
  assert.equal(mostOf["a"], 2);
  assert.ok(Math.max(...Object.values(mostOf)) <= 2);
  assert.ok(Object.values(states).every((state) => state === "done"));
});

test("whatever each host does, every one ends in exactly one state, told once, and none is asked twice", async (t) => {
  const folder = await folderOf(t);
  const anyJob = fc.record({
    states: fc.array(fc.constantFrom(...HostState.options), { minLength: 1, maxLength: 12 }),
    percent: fc.constantFrom(0, 10, 50, 100),
  });
  await fc.assert(
    fc.asyncProperty(anyJob, async ({ states, percent }) => {
      const hosts = hostsOf(...states.map((_, at) => `${"ab"[at % 2]}${at}`));
      const asked: string[] = [];
      const job = jobOf(hosts, { stopAfter: { percent } });
      const ask: Ask = async ({ name }) => {
        asked.push(name);
        return ended(states[hosts.findIndex((host) => host.name === name)] ?? "done");
      };

      const { told, states: found } = await runJob(job, await createLedger(folder, job), ask);

      const names = told.flatMap((one) => (one.kind === "ended" ? [one.host.name] : []));
      assert.deepEqual(names.toSorted(), hosts.map(({ name }) => name).toSorted());
      assert.equal(new Set(asked).size, asked.length);
      for (const [at, { name }] of hosts.entries())
        assert.equal(found[name], asked.includes(name) ? states[at] : "not-started");
    }),
    { numRuns: 60 },
  );
});

test("a canary that fails ends the job; one that cannot be reached is replaced by the next host", async (t) => {
  const folder = await folderOf(t);
  const hosts = hostsOf("a1", "a2", "b1");
  const failing = jobOf(hosts);
  const absent = jobOf(hosts);

  const one = await runJob(failing, await createLedger(folder, failing), async () => ended("failed"));
  const two = await runJob(absent, await createLedger(folder, absent), async ({ name }) =>
    ended(name === "a1" ? "offline" : "done"),
  );

  assert.deepEqual(one.states, { a1: "failed", a2: "not-started", b1: "not-started" });
  assert.deepEqual(two.states, { a1: "offline", a2: "done", b1: "done" });
});

test("the deadline of the job ends what runs and begins no more", async (t) => {
  const folder = await folderOf(t);
  const job = jobOf(hostsOf("a1", "a2"), { deadlineMs: 50 });

  const { states } = await runJob(job, await createLedger(folder, job), async (_host, { signal }) => {
    await delay(60_000, signal);
    return ended("lost");
  });

  assert.deepEqual(states, { a1: "deadline", a2: "not-started" });
});

test("told to begin no more, those that run go on to their end", async (t) => {
  const folder = await folderOf(t);
  const job = jobOf(hostsOf("a1", "a2", "a3"));
  const stop = new AbortController();
  const ask: Ask = async () => {
    stop.abort();
    return ended("done");
  };

  const { states } = await runJob(job, await createLedger(folder, job), ask, { beginNoMore: stop.signal });

  assert.deepEqual(states, { a1: "done", a2: "not-started", a3: "not-started" });
});

test("a job goes on where a kill cut its ledger, at any byte: what is done is not asked again", async (t) => {
  const folder = await folderOf(t);
  const job = jobOf(hostsOf("a1", "b1", "c1"));
  await runJob(job, await createLedger(folder, job), async () => ended("done"));
  const path = join(folder, `${job.job}.jsonl`);
  const whole = readFileSync(path);
  const firstLine = whole.indexOf("\n") + 1;
  for (let at = firstLine; at <= whole.length; at += 37) {
    writeFileSync(path, whole.subarray(0, at));
    const left = whole.subarray(0, at).toString("utf8");
    const done = job.hosts.filter(({ name }) => left.includes(`"host":"${name}","state":"done"`));
    const asked: string[] = [];
    const { job: read, ledger } = await resumeLedger(folder, job.job);
    const { states } = await runJob(read, ledger, async ({ name }) => {
      asked.push(name);
      return ended("done");
    });

    assert.deepEqual(read, job);
    assert.deepEqual(states, { a1: "done", b1: "done", c1: "done" }, `cut at ${at}`);
    // A line that was cut before its end may say all the same: then it is asked again, under the same job.
    for (const { name } of done) if (left.endsWith("\n")) assert.ok(!asked.includes(name), `cut at ${at}`);
  }
});

test("what was asked before the kill and cannot be reached now is lost, not offline", async (t) => {
  const folder = await folderOf(t);
  const job = jobOf(hostsOf("a1"));
  const first = await createLedger(folder, job);
  await first.write({ host: "a1", state: "begun", at: "2026-11-22T03:12:08.000Z", captureIds: [], urls: [] });
  await first.close();
  const { job: read, ledger } = await resumeLedger(folder, job.job);

  const { states } = await runJob(read, ledger, async () => ended("offline"));

  assert.deepEqual(states, { a1: "lost" });
});

test("two controllers cannot work at one job", async (t) => {
  const folder = await folderOf(t);
  const job = jobOf(hostsOf("a1"));
  const ledger = await createLedger(folder, job);

  await assert.rejects(resumeLedger(folder, job.job), /another exhibit works at this job/);
  await ledger.close();
  await assert.rejects(resumeLedger(folder, "no-such-job"), /there is no such job here/);
  await assert.rejects(resumeLedger(folder, "../../etc/passwd"), /is no id of a job/);
});
