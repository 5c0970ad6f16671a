// Slow: kills or strangers by the hundred; not part of npm run test:quick.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { Agent, get } from "node:http";
import { test } from "node:test";
import { Drained, Final, parseObserved } from "../../src/collectors/runtime/observed.ts";
import { readBootId } from "../../src/host/process-identity.ts";
import { writeMark } from "../../src/inspector/marks.ts";
import { percentile } from "../../src/parsers/latency-histogram.ts";
import { leftIn } from "../helpers/inspect-rounds.ts";
import {
  look,
  marksFolder,
  SERVICE,
  servicePort,
  startNode,
  startTimeOf,
  type NodeTarget,
} from "../helpers/node-target.ts";
import { until } from "../helpers/until.ts";

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly ms: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

function ask(target: NodeTarget, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    get({ port: servicePort(target), host: "127.0.0.1", path, agent }, (response) => {
      let body = "";
      response.on("data", (text) => (body += text));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body, ms: performance.now() - began }),
      );
    }).on("error", reject);
  });
}

async function askMany(target: NodeTarget, path: (index: number) => string, count: number) {
  const answers: Answer[] = [];
  for (let at = 0; at < count; at += 8)
    answers.push(
      ...(await Promise.all(
        [...Array(Math.min(8, count - at)).keys()].map((i) => ask(target, path(at + i))),
      )),
    );
  return answers;
}

test("it counts every request with its status and time, and leaves nothing behind", async (t) => {
  const target = await startNode(t, SERVICE);
  const marks = marksFolder(t);
  const { inspection, leave } = await look(t, target.pid, marks);

  const slow = await askMany(target, (i) => `/slow/${i}?secret=hunter2`, 80);
  await askMany(target, (i) => `/boom/${i}`, 24);
  const drained = parseObserved(Drained, await inspection.drain());
  const text = String(await inspection.stop());
  const record = await leave();

  const final = parseObserved(Final, text);
  const counts = final?.counted.counts.map(({ method, route, isDerived, outcome, count }) => ({
    method,
    route,
    isDerived,
    outcome,
    count,
  }));
  assert.deepEqual(counts, [
    { method: "GET", route: "/slow/{id}", isDerived: true, outcome: 200, count: 80 },
    { method: "GET", route: "/boom/{id}", isDerived: true, outcome: 500, count: 24 },
  ]);
  assert.equal(drained?.requests.events.length, 104);
  assert.ok(!text.includes("hunter2") && !JSON.stringify(drained).includes("hunter2"));
  // The service waits for 30 ms; what we see lies between that and what the client saw.
  const seen = percentile(final?.counted.counts[0]?.buckets ?? [], 0.5) ?? 0;
  const asked = slow.map(({ ms }) => ms).toSorted((a, b) => a - b)[40] ?? 0;
  assert.ok(seen > 28 && seen < asked * 1.1 + 1, `${seen} ms, the client saw ${asked} ms`);
  assert.deepEqual(
    { ...record, openedAt: "", closedAt: typeof record.closedAt },
    {
      port: target.inspectPort,
      openedByUs: true,
      openedAt: "",
      closedAt: "string",
      injected: ["diagnostics_channel", "perf_hooks gc", "event-loop delay"],
      removed: true,
    },
  );
  assert.equal(await leftIn(target), undefined);
  assert.deepEqual(readdirSync(marks), []);
});

test("an application that replaced process, Date, JSON, timers and prototypes is observed all the same", async (t) => {
  const target = await startNode(
    t,
    `${SERVICE}
    const real = { parse: JSON.parse, stringify: JSON.stringify };
    setTimeout(() => {
      Date.now = () => 0; globalThis.Date = class {}; Map.prototype.get = () => undefined;
      Array.prototype.map = Array.prototype.filter = () => "mapped";
      Object.prototype.toJSON = () => "broken";
      JSON.stringify = (value) => value?.subscribed ? real.stringify({ subscribed: value.subscribed.length, global: value.global, inspector: value.inspector }) : "{}";
      const timers = require("node:timers");
      globalThis.setTimeout = timers.setTimeout = () => { throw new Error("faked") };
      globalThis.setInterval = timers.setInterval = () => { throw new Error("faked") };
      Object.defineProperty(globalThis, "process", { value: { getBuiltinModule: () => ({}) } });
      console.error("changed");
    }, 50);`,
  );
  await until(() => target.stderr().includes("changed"), 30_000);
  const { inspection, leave } = await look(t, target.pid);

  const drained = parseObserved(Drained, await inspection.drain());
  const final = parseObserved(Final, await inspection.stop());
  const record = await leave();

  assert.ok(drained && final, "what it told can be read");
  assert.ok(final.windowMs > 0 && final.windowMs < 60_000);
  assert.equal(record.removed, true);
  assert.equal(typeof record.closedAt, "string");
});

test("a loop that never comes around is told with the place where it is", async (t) => {
  const target = await startNode(
    t,
    "console.log('up'); setTimeout(function first() { (function spin() { for (;;); })() }, 20);",
  );
  const { inspection, leave } = await look(t, target.pid);

  const drained = parseObserved(Drained, await inspection.drain());
  const stack = await inspection.stack();
  const final = parseObserved(Final, await inspection.stop());
  const record = await leave();

  assert.ok((drained?.silentMs ?? 0) > 0);
  assert.match(String(stack), /at spin \(\[eval\]:1:\d+\)\n\s+at .*first/);
  assert.equal(final?.loop.hasTurned, false);
  // It can neither take the hooks out nor close its inspector meanwhile, and that is told.
  assert.deepEqual([record.removed, record.closedAt], [false, undefined]);
});

test("worker threads are told, and no report is asked for that would wait for them", async (t) => {
  const target = await startNode(
    t,
    `const { Worker } = require("node:worker_threads");
     for (const name of ["mailer", "resizer"]) new Worker("setInterval(() => {}, 1000)", { eval: true, name });
     setTimeout(() => console.log("up"), 300);`,
  );
  const { inspection } = await look(t, target.pid);

  const workers = await inspection.workers();

  assert.deepEqual(
    workers.map(({ id, file }) => ({ id, file })).toSorted((a, b) => a.id.localeCompare(b.id)),
    [
      { id: "1", file: undefined },
      { id: "2", file: undefined },
    ],
  );
  const titles = workers.map(({ title }) => title).toSorted();
  assert.deepEqual(
    titles.map((title) => /mailer|resizer/.exec(title)?.[0]),
    ["mailer", "resizer"],
  );
});

test("requests that wait when the window ends are told with their age", async (t) => {
  const target = await startNode(t, SERVICE);
  const before = ask(target, "/hang/before").catch(() => undefined);
  await ask(target, "/first");
  const { inspection, leave } = await look(t, target.pid);
  const during = ask(target, "/hang/during").catch(() => undefined);
  await ask(target, "/second");

  const final = parseObserved(Final, await inspection.stop());
  await leave();

  assert.equal(final?.counted.olderInFlight, 1);
  // The client may have its answer before the server calls it finished.
  const [oldest] = final?.counted.inFlight ?? [];
  assert.deepEqual([oldest?.method, oldest?.route], ["GET", "/hang/during"]);
  agent.destroy();
  await Promise.all([before, during]);
});

test("hostile paths are bounded: two hundred are told apart, the others are counted together", async (t) => {
  const target = await startNode(t, SERVICE);
  const { inspection, leave } = await look(t, target.pid);

  await askMany(
    target,
    (i) =>
      `/${"x".repeat(i % 30)}${String.fromCharCode(97 + (i % 26))}${"y".repeat(i % 7)}/p${"q".repeat(i)}`,
    400,
  );
  const final = parseObserved(Final, await inspection.stop());
  await leave();

  const counts = final?.counted.counts ?? [];
  assert.ok(counts.length <= 201, `${counts.length} routes`);
  assert.equal(
    counts.reduce((sum, { count }) => sum + count, 0),
    400,
  );
});

/** Fifty thousand requests of as many names, and as many that never end, told as node:http tells them. */
const FLOOD = `
const [start, finish] = ["http.server.request.start", "http.server.response.finish"]
  .map((name) => require("node:diagnostics_channel").channel(name));
const wait = setInterval(() => {
  if (!start.hasSubscribers || !finish.hasSubscribers) return;
  clearInterval(wait);
  const response = { statusCode: 200 };
  for (let i = 0; i < 50000; i++) {
    const request = { method: "GET", url: "/name-" + i.toString(36) + "?q=1" };
    start.publish({ request });
    finish.publish({ request, response });
    start.publish({ request: { method: "GET", url: "/never" } });
  }
  console.log("done");
}, 5);
setInterval(() => {}, 1000);
console.log("up");`;

test("fifty thousand requests in a second are all counted, within bounds, and what is not listed is told", async (t) => {
  const target = await startNode(t, FLOOD);
  const { inspection, leave } = await look(t, target.pid);
  await until(() => target.stdout().includes("done"), 20_000);

  const text = String(await inspection.stop());
  await leave();

  const final = parseObserved(Final, text);
  const counts = final?.counted.counts ?? [];
  assert.deepEqual(
    {
      counted: counts.reduce((sum, { count }) => sum + count, 0) + (final?.counted.startedBefore ?? 0),
      routes: counts.length,
      listed: final?.requests.events.length,
      inFlight: final?.counted.inFlightCount,
    },
    { counted: 50_000, routes: 201, listed: 5000, inFlight: 20_000 },
  );
  // Their beginning could not be kept beside 20,000 that never end.
  const untimed = final?.counted.startedBefore ?? 0;
  assert.equal(final?.requests.unlisted, 45_000 - untimed);
  assert.equal(final?.counted.untimed, 30_000 + untimed);
  assert.ok(text.length < 2_000_000, `${text.length} bytes`);
});

test("an inspector that was open before stays open", async (t) => {
  const target = await startNode(t, SERVICE, { flags: ["--inspect"] });
  const { inspection, leave } = await look(t, target.pid);
  await inspection.drain();

  const record = await leave();

  assert.deepEqual([record.openedByUs, record.removed], [false, true]);
  assert.match(String(await leftIn(target)), /"global":false,"inspector":"ws:/);
});

test("a process that collects its garbage all the time closes its port all the same", async (t) => {
  const target = await startNode(t, `setInterval(() => gc(), 3); ${SERVICE}`, { flags: ["--expose-gc"] });
  const ends: (string | undefined)[] = [];

  for (let round = 0; round < 3; round++) {
    const { leave } = await look(t, target.pid);
    ends.push((await leave()).closedAt);
  }

  assert.deepEqual(
    ends.map((end) => typeof end),
    ["string", "string", "string"],
  );
  assert.equal(await leftIn(target), undefined);
});

test("a second look at the same process is refused, and the first goes on", async (t) => {
  const target = await startNode(t, SERVICE);
  const first = await look(t, target.pid);

  await assert.rejects(look(t, target.pid), { message: /somebody is connected to its inspector already/ });

  await ask(target, "/boom/1");
  // Its client has the answer before the server has finished with it.
  const seen = async () => parseObserved(Drained, await first.inspection.drain())?.requests.events.length;
  await until(async () => (await seen()) === 1, 30_000);
  const final = parseObserved(Final, await first.inspection.stop());
  await first.leave();
  assert.equal(final?.counted.counts[0]?.count, 1);
  assert.equal(await leftIn(target), undefined);
});

test("observers of another capture, come in at the same moment, are not taken out", async (t) => {
  const target = await startNode(
    t,
    `globalThis[Symbol.for("exhibit.capture")] = { finish: () => console.error("finished"), touch: () => undefined }; ${SERVICE}`,
  );

  await assert.rejects(look(t, target.pid), { message: /another capture is looking inside it/ });

  assert.match(String(await leftIn(target)), /"global":true/);
  assert.doesNotMatch(target.stderr(), /finished/);
});

test("a process in another network namespace is looked into from there", async (t) => {
  const target = await startNode(t, "console.log('up'); setInterval(() => {}, 10);", {
    prefix: ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"],
  });
  const { inspection, leave } = await look(t, target.pid);

  const drained = parseObserved(Drained, await inspection.drain());
  const record = await leave();

  assert.ok(drained);
  assert.equal(typeof record.closedAt, "string");
});

test("what a run that was killed left open is closed by the next one, wherever it looks", async (t) => {
  const target = await startNode(t, SERVICE);
  const other = await startNode(t, SERVICE);
  const marks = marksFolder(t);
  // As a run leaves it that dies between the signal and the injection.
  const { pid, inspectPort: port } = target;
  const agentOfThen = { pid: 999_999_999, startTime: "1" };
  const startTime = startTimeOf(pid);
  await writeMark(marks, { pid, startTime, bootId: readBootId(), port, agent: agentOfThen });
  process.kill(pid, "SIGUSR1");
  await until(() => /Debugger listening/.test(target.stderr()), 30_000);

  const { leave } = await look(t, other.pid, marks);
  await leave();

  assert.equal(await leftIn(target), undefined);
  assert.deepEqual(readdirSync(marks), []);
});

test("what a run that was killed left open in this very process is taken over, and closed at the end", async (t) => {
  const target = await startNode(t, SERVICE);
  const marks = marksFolder(t);
  const startTime = startTimeOf(target.pid);
  const agentOfThen = { pid: 999_999_999, startTime: "1" };
  const { pid, inspectPort: port } = target;
  await writeMark(marks, { pid, startTime, bootId: readBootId(), port, agent: agentOfThen });
  process.kill(pid, "SIGUSR1");
  await until(() => /Debugger listening/.test(target.stderr()), 30_000);

  const { leave } = await look(t, pid, marks);
  const record = await leave();

  assert.equal(record.openedByUs, true);
  assert.equal(await leftIn(target), undefined);
  assert.deepEqual(readdirSync(marks), []);
});
