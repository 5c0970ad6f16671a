// Needs: nats-server
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { z } from "zod";
import { OrderAnswer, PROTOCOL, subjects, type CaptureOrder } from "../../src/fleet/contract.ts";
import { openPausesBucket } from "../../src/fleet/nats/pauses-bucket.ts";
import { openNatsTransport } from "../../src/fleet/nats/transport.ts";
import type { HostOrder, HostStatus, Transport } from "../../src/fleet/transport.ts";
import { openSandbox, type Sandbox } from "../helpers/exhibit.ts";
import { startBus, type TestBus } from "../helpers/nats.ts";
import { end, start } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

const LIMIT_MS = 60_000;
const HOST = { name: "web one", address: "h1", service: "web" };

/** A collector that really stops its target for a moment, and no other that does. */
const STOPPING = `collectors:
  stop-it:
    summary: a stop of 50 ms
    argv: [sh, -c, "kill -STOP {pid}; sleep 0.05; kill -CONT {pid}"]
    touch: brief
    timeout: 500ms
profiles: {stopping: {summary: for tests, collectors: [process, stop-it]}}
`;

type Place = NonNullable<Parameters<typeof startBus>[3]>;

interface Fleet {
  readonly bus: TestBus;
  readonly sandbox: Sandbox;
  readonly controller: Transport;
  readonly begin: () => Promise<ReturnType<Sandbox["start"]>>;
  readonly ask: (method: string, path: string, body?: unknown) => Promise<string>;
  readonly capture: (order: Partial<HostOrder>) => ReturnType<Transport["capture"]>;
}

/** A bus, the agent of h1 on it, and a controller with an operator's rights. */
async function openFleet(t: TestContext, place?: Place): Promise<Fleet> {
  const hosts = [
    { name: "h1", services: [] },
    { name: "h2", services: [] },
  ];
  const bus = await (place === undefined ? startBus(t, hosts) : startBus(t, hosts, [place.address], place));
  const folder = mkdtempSync(join(tmpdir(), "exhibit-agent-"));
  const socket = join(folder, "agent.sock");
  const { servers, caFile, credentialsFile } = bus.settings("h1");
  const fleet = JSON.stringify({ servers, caFile, credentialsFile });
  const sandbox = openSandbox(
    `agent: {socket: ${socket}}\nfleet: ${fleet}\n${STOPPING}capture: {profile: stopping}\n`,
  );
  const controller = await openNatsTransport(bus.settings("operator"));
  const agents: ReturnType<Sandbox["start"]>[] = [];
  // In one hook: of several none runs after one that throws, and an agent that is left holds this file's process.
  t.after(async () => {
    await Promise.all([...agents.map(end), controller.close()]);
    sandbox.remove();
    rmSync(folder, { recursive: true });
  });
  const begin = async () => {
    const agent = sandbox.start(["agent"]);
    agents.push(agent);
    await until(() => /on the bus as h1/.test(agent.output()), LIMIT_MS, "the agent joins");
    return agent;
  };
  return {
    bus,
    sandbox,
    controller,
    begin,
    ask: async (method, path, body) => {
      const asked = request({ socketPath: socket, method, path });
      asked.end(body === undefined ? undefined : JSON.stringify(body));
      const [response] = await once(asked, "response");
      return text(response);
    },
    capture: (order) =>
      controller.capture(
        HOST,
        {
          job: "job-00000001",
          target: { pid: 1 },
          budgetMs: 20_000,
          expiresInMs: 30_000,
          maxPauseMs: 0,
          service: "web",
          pausesAtMost: 1,
          profile: "stopping",
          incidents: [],
          ...order,
        },
        { signal: AbortSignal.timeout(LIMIT_MS) },
      ),
  };
}

async function statusOf(
  controller: Transport,
  names: readonly string[],
): Promise<Record<string, HostStatus>> {
  const told: Record<string, HostStatus> = {};
  await controller.status(
    names.map((name) => ({ name, address: name, service: "web" })),
    {
      timeoutMs: 10_000,
      signal: AbortSignal.timeout(LIMIT_MS),
      tell: (host, status) => (told[host] = status),
    },
  );
  return told;
}

test("a capture through the bus, once however often it is asked for, and never late", async (t) => {
  const { bus, sandbox, controller, begin, ask, capture } = await openFleet(t);
  const { pid } = await start(t, ["sleep", "1000"], { silent: true });
  const target = { pid };
  const agent = await begin();

  const few = await statusOf(controller, ["h1", "h2"]);
  const many = await statusOf(controller, ["h1", ...Array.from({ length: 30 }, (_, index) => `x${index}`)]);
  const first = await capture({ target });
  const again = await capture({ target });
  const viewer = await openNatsTransport(bus.settings("viewer"));
  t.after(() => viewer.close());
  const order = { job: "job-00000002", target, budgetMs: 5000, expiresInMs: 30_000, maxPauseMs: 0 };
  const denied = await viewer.capture(
    HOST,
    { ...order, service: "web", pausesAtMost: 1, incidents: [] },
    { signal: AbortSignal.timeout(LIMIT_MS) },
  );
  const absent = await controller.capture(
    { ...HOST, address: "h2" },
    { ...order, service: "web", pausesAtMost: 1, incidents: [] },
    { signal: AbortSignal.timeout(LIMIT_MS) },
  );
  const late = await sendOrder(bus, { ...order, service: "web", expiresAtMs: Date.now() - 1 });
  const other = await sendOrder(bus, { ...order, service: "web", protocol: 2 });
  const metrics = await ask("GET", "/metrics");

  assert.equal(few.h1?.state, "online");
  assert.equal(few.h2?.state, "offline");
  assert.equal(many.h1?.state, "online");
  assert.equal(Object.values(many).filter(({ state }) => state === "offline").length, 30);
  assert.equal(first.state, "done", JSON.stringify(first));
  assert.deepEqual(first.captureIds, sandbox.ids());
  assert.equal(first.urls.length, 1);
  assert.deepEqual(again, first);
  assert.equal(denied.state, "denied");
  assert.equal(absent.state, "offline");
  assert.equal(late.state, "expired");
  assert.equal(other.state, "denied");
  assert.equal(sandbox.ids().length, 1, "nothing else was captured");
  assert.equal(sandbox.manifest().job, "job-00000001");
  assert.match(metrics, /^exhibit_fleet_connected 1$/m);
  assert.match(metrics, /^exhibit_fleet_answers_total\{state="expired"\} 1$/m);
  agent.kill("SIGTERM");
  assert.deepEqual(await once(agent, "exit"), [0, null]);
});

/** By an operator's own hand, not by our controller. */
async function sendOrder(
  bus: TestBus,
  order: Partial<Omit<CaptureOrder, "protocol">> & { readonly protocol?: number },
): Promise<OrderAnswer> {
  const { expiresInMs: _, ...rest } = { expiresInMs: 0, ...order };
  const operator = await bus.connectAs("operator");
  const sent = { protocol: PROTOCOL, pausesAtMost: 1, expiresAtMs: Date.now() + 30_000, ...rest };
  const answer = await operator.request(subjects.capture("h1"), JSON.stringify(sent), { timeout: LIMIT_MS });
  return OrderAnswer.parse(answer.json());
}

test("an agent that is killed does not do a job again, and the next one says what became of it", async (t) => {
  const { sandbox, begin, capture } = await openFleet(t);
  const { pid } = await start(t, ["sleep", "1000"], { silent: true });
  const agent = await begin();

  const asking = capture({ target: { pid } });
  await until(() => sandbox.ids().length === 1, LIMIT_MS, "it captures");
  agent.kill("SIGKILL");
  await once(agent, "exit");
  const again = await begin();
  const result = await asking;
  const asked = await capture({ target: { pid } });

  assert.equal(sandbox.ids().length, 1);
  // The capture is a process of its own: it went on.
  assert.equal(result.state, "done", JSON.stringify(result));
  assert.deepEqual(result.captureIds, sandbox.ids());
  assert.deepEqual(asked, result);
  again.kill("SIGTERM");
  await once(again, "exit");
});

test("a result is told when the broker is back, whether it was killed or only did not answer", async (t) => {
  const { bus, sandbox, begin, capture } = await openFleet(t);
  const targets = [
    await start(t, ["sleep", "1000"], { silent: true }),
    await start(t, ["sleep", "1000"], { silent: true }),
  ];
  const agent = await begin();
  const sealed = (count: number) => () =>
    sandbox.ids().filter((id) => existsSync(join(sandbox.spool, id, "manifest.json"))).length === count;

  const [first, second] = targets.map(
    ({ pid }, index) =>
      () =>
        capture({ job: `job-0000000${index + 1}`, target: { pid } }),
  );
  const killed = first?.();
  await until(() => sandbox.ids().length === 1, LIMIT_MS, "the first is begun");
  await bus.kill();
  await until(sealed(1), LIMIT_MS, "it is captured without a broker");
  await bus.begin();
  const afterKill = await killed;
  const frozen = second?.();
  await until(() => sandbox.ids().length === 2, LIMIT_MS, "the second is begun");
  bus.signal("SIGSTOP");
  await until(sealed(2), LIMIT_MS, "it is captured while the broker is frozen");
  bus.signal("SIGCONT");
  const afterFreeze = await frozen;

  assert.equal(afterKill?.state, "done", JSON.stringify(afterKill));
  assert.equal(afterFreeze?.state, "done", JSON.stringify(afterFreeze));
  assert.equal(sandbox.ids().length, 2);
  assert.match(agent.output(), /the bus is back/);
  agent.kill("SIGTERM");
  await once(agent, "exit");
});

const ip = (words: string) => execFileSync("ip", words.split(" "));

/** A network namespace of the bus's own, behind a link that can be taken down. */
function openFarNetwork(t: TestContext) {
  const name = `exhibit-bus-${process.pid}`;
  const ours = `exb${process.pid}`;
  const [here, there] = ["10.213.77.1", "10.213.77.2"];
  ip(`netns add ${name}`);
  t.after(() => ip(`netns del ${name}`));
  ip(`link add ${ours} type veth peer name eth0 netns ${name}`);
  ip(`addr add ${here}/30 dev ${ours}`);
  ip(`link set ${ours} up`);
  ip(`-n ${name} addr add ${there}/30 dev eth0`);
  ip(`-n ${name} link set eth0 up`);
  ip(`-n ${name} link set lo up`);
  return {
    address: there,
    within: ["ip", "netns", "exec", name],
    cut: () => ip(`-n ${name} link set eth0 down`),
    mend: () => ip(`-n ${name} link set eth0 up`),
  };
}

test("a link that is cut: what had begun is told when it is back, what was asked meanwhile is never done", async (t) => {
  const { cut, mend, ...place } = openFarNetwork(t);
  const { sandbox, begin, capture } = await openFleet(t, place);
  const [first, second] = [
    await start(t, ["sleep", "1000"], { silent: true }),
    await start(t, ["sleep", "1000"], { silent: true }),
  ];
  const agent = await begin();

  const asking = capture({ target: { pid: first.pid } });
  await until(() => sandbox.ids().length === 1, LIMIT_MS, "it captures");
  cut();
  const sealed = () => existsSync(join(sandbox.spool, sandbox.ids()[0] ?? "", "manifest.json"));
  await until(sealed, LIMIT_MS, "it is captured without the link");
  const meanwhile = await capture({
    job: "job-00000002",
    target: { pid: second.pid },
    budgetMs: 1000,
    expiresInMs: 1000,
  });
  mend();
  const told = await asking;
  // Whatever the kernel still had in its queues has arrived.
  await new Promise((resolve) => setTimeout(resolve, 3000));

  assert.equal(told.state, "done", JSON.stringify(told));
  assert.ok(["offline", "lost", "not-started"].includes(meanwhile.state), JSON.stringify(meanwhile));
  assert.deepEqual(told.captureIds, sandbox.ids());
  agent.kill("SIGTERM");
  await once(agent, "exit");
});

const Ran = z.object({ exitCode: z.number() });

test("without a pause of the fleet nothing is stopped, whoever asks, and the bundle says so", async (t) => {
  const { bus, sandbox, begin, ask, capture } = await openFleet(t);
  const { pid } = await start(t, ["sleep", "1000"], { silent: true });
  const agent = await begin();
  const order = { target: { pid }, profile: "stopping", maxPauseMs: 5000, budgetMs: 8000 };
  const paused = () => sandbox.manifest().pausedMs ?? 0;
  const slots = await openPausesBucket(await bus.connectAs("h2"));
  const revision = await slots.create("web.0", "h2");

  const refused = await capture({ ...order, job: "job-00000001" });
  const pausedWhenRefused = paused();
  await slots.delete("web.0", { previousSeq: revision });
  const allowed = await capture({ ...order, job: "job-00000002" });
  const pausedWhenAllowed = paused();
  const held = await slots.get("web.0");
  await bus.kill();
  await until(() => /the bus is away/.test(agent.output()), LIMIT_MS, "the agent sees it");
  const local = await ask("POST", "/v1/capture", { pid, budget: "8s", maxPause: "5s" });

  assert.equal(refused.state, "partial", JSON.stringify(refused));
  assert.match(refused.reason ?? "", /1 of service web may be stopped at once, and others are/);
  assert.equal(pausedWhenRefused, 0);
  assert.equal(allowed.state, "done", JSON.stringify(allowed));
  assert.ok(pausedWhenAllowed > 0);
  assert.equal(allowed.pausedMs, pausedWhenAllowed);
  assert.equal(held?.operation, "DEL", "it was given back");
  assert.equal(Ran.parse(JSON.parse(local)).exitCode, 3);
  assert.equal(paused(), 0);
  const reasons = sandbox.manifest().collectors.map(({ reason }) => reason);
  assert.ok(reasons.includes("the fleet's bus is away, so nothing may be stopped"), String(reasons));
  agent.kill("SIGTERM");
  await once(agent, "exit");
});
