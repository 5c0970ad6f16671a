// npm run bench:fleet: a fleet on NATS. The server is nats-server from apt; agents are the agent's real end point of the
// fleet, many in a process; controllers are the real transport. What stands in is named with each number.
//   1. 1,000 agents with TLS and credentials of their own, all asked for a quick capture: until every result is told. The
//      capture stands in (its result at once), but in one host: a real `exhibit agent` captures a real process there.
//   2. 10,000 agents (plain TCP): all asked how they are, and all heard.
//   3. Two controllers and agents that pause; one controller and processes of agents are killed -9 again and again.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import pLimit from "p-limit";
import { PAUSES } from "../src/fleet/contract.ts";
import { makeCredentials } from "../src/fleet/nats/make-credentials.ts";
import { openNatsTransport } from "../src/fleet/nats/transport.ts";
import type { FleetHost, HostResult, HostStatus, Transport } from "../src/fleet/transport.ts";
import { CLI } from "../test/helpers/exhibit.ts";
import { until } from "../test/helpers/until.ts";
import { hostNames, shares, startAgents, startBenchBus } from "./fleet-bus.ts";
import type { FleetController } from "./fleet-controller.ts";
import { countPauses } from "./fleet-pauses.ts";
import { writeSection } from "./results.ts";
import { median } from "./statistics.ts";

const ONLY = process.argv[2];
const CREDENTIALS = join(tmpdir(), "exhibit-bench-fleet-credentials");
const NOBODY = { caFile: null, credentialsFile: null, host: null, services: [], pausesAtMost: 1 };
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
const load = () => (loadavg()[0] ?? 0).toFixed(1);
const rows: string[][] = [];
const tell = (...row: [string, string, string]) => {
  rows.push(row);
  process.stdout.write(`${row.join(" | ")}\n`);
};

const fleetOf = (names: readonly string[]): readonly FleetHost[] =>
  names.map((name) => ({ name, address: name, service: "bench" }));

async function captures(): Promise<void> {
  const names = hostNames(1000);
  const [real = "", ...others] = names;
  // A signature costs the library 0.1 s: the first run takes a minute and a half for them, and the next ones use them again.
  const isMade = existsSync(join(CREDENTIALS, "hosts", `${names.at(-1)}.creds`));
  const bus = await startBenchBus(async (_folder, port) => {
    const made = await makeCredentials({
      folder: CREDENTIALS,
      servers: isMade ? [] : ["127.0.0.1"],
      port,
      hosts: isMade ? [] : names.map((name) => ({ name, services: [] })),
      expiresAt: undefined,
    });
    return made.configuration;
  });
  const at = (...parts: readonly string[]) => join(bus.folder, ...parts);
  const server = `tls://127.0.0.1:${bus.port}`;
  const target = spawn("sleep", ["100000"], { stdio: "ignore" });
  const by = (...parts: readonly string[]) => join(CREDENTIALS, ...parts);
  const settings = { caFile: by("ca.pem"), servers: [server] };
  writeFileSync(
    at("exhibit.yaml"),
    `version: 1
store: {default: {type: directory, path: ${at("archive")}}}
spool: {path: ${at("real/spool")}, keepFree: 1%}
agent: {socket: ${at("agent.sock")}}
fleet: ${JSON.stringify({ ...settings, credentialsFile: by("hosts", `${real}.creds`) })}
`,
    { mode: 0o600 },
  );
  const agent = spawn(process.execPath, [CLI, "agent", "--config", at("exhibit.yaml")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  agent.stderr.on("data", (data) => (said += String(data)));
  await until(() => said.includes("on the bus as"), 60_000, "the real agent joins");
  const start = performance.now();
  const agents = await Promise.all(
    shares(others, 3).map((hosts) =>
      startAgents({
        server,
        ca: by("ca.pem"),
        credentials: by("hosts"),
        folder: at("journals"),
        hosts,
        ttlMs: PAUSES.ttlMs,
        pauseLog: null,
        atOnce: 20,
      }),
    ),
  );
  tell(
    "1,000 agents on the bus, each by TLS with its own credentials",
    seconds(performance.now() - start),
    "-",
  );
  const controller = await openNatsTransport({
    ...NOBODY,
    ...settings,
    credentialsFile: by("users/operator.creds"),
  });
  const times: number[] = [];
  const states = new Map<string, number>();
  const realStates: string[] = [];
  for (let round = 0; round < 10; round++) {
    const from = performance.now();
    const results = await captureAll(
      controller,
      fleetOf(names),
      `round-${String(round).padStart(6, "0")}`,
      (name) => (name === real ? { pid: target.pid ?? 0 } : { unit: "bench" }),
    );
    times.push(performance.now() - from);
    for (const { state } of results) states.set(state, (states.get(state) ?? 0) + 1);
    const [first] = results;
    realStates.push(first?.state ?? "none");
    if (first?.state !== "done") process.stdout.write(`${JSON.stringify(first)}\n`);
  }
  const told = (states.get("done") ?? 0) + (states.get("partial") ?? 0);
  tell(
    "all 1,000 asked for a quick capture until all results are told: median, most of 10 rounds",
    `${seconds(median(times))}, ${seconds(Math.max(...times))}`,
    "<= 10 s",
  );
  tell("bundles that were not told of, of 10,000", String(names.length * 10 - told), "0");
  const real10 = (state: string) => realStates.filter((one) => one === state).length;
  tell(
    "the real captures of a real process by a real agent among them, budget 5 s on these two cores: done, partial",
    `${real10("done")}, ${real10("partial")} of 10`,
    "-",
  );
  await controller.close();
  agent.kill("SIGKILL");
  target.kill("SIGKILL");
  await Promise.all(agents.map((one) => one.kill()));
  await bus.close();
}

/** 300 orders in flight: the planner's own limit is lower, so that this is the bus's time and not its patience. */
async function captureAll(
  controller: Transport,
  hosts: readonly FleetHost[],
  job: string,
  targetOf: (name: string) => { readonly pid: number } | { readonly unit: string },
): Promise<readonly HostResult[]> {
  const limit = pLimit(300);
  const signal = AbortSignal.timeout(60_000);
  const order = { job, budgetMs: 5000, expiresInMs: 30_000, maxPauseMs: 0, profile: "quick" };
  return Promise.all(
    hosts.map((host) =>
      limit(() =>
        controller.capture(
          host,
          { ...order, target: targetOf(host.name), service: "bench", pausesAtMost: 1, incidents: [] },
          { signal },
        ),
      ),
    ),
  );
}

async function statuses(): Promise<void> {
  const names = hostNames(10_000);
  const bus = await startBenchBus();
  const server = `nats://127.0.0.1:${bus.port}`;
  const start = performance.now();
  const agents = await Promise.all(
    shares(names, 4).map((hosts) =>
      startAgents({
        server,
        ca: null,
        credentials: null,
        folder: join(bus.folder, "journals"),
        hosts,
        ttlMs: PAUSES.ttlMs,
        pauseLog: null,
        atOnce: 25,
      }),
    ),
  );
  tell("10,000 agents on the bus, plain TCP, without credentials", seconds(performance.now() - start), "-");
  const controller = await openNatsTransport({ ...NOBODY, servers: [server] });
  const times: number[] = [];
  let silent = 0;
  for (let round = 0; round < 10; round++) {
    const heard = new Map<string, HostStatus>();
    const from = performance.now();
    await controller.status(fleetOf(names), {
      timeoutMs: 30_000,
      signal: AbortSignal.timeout(60_000),
      tell: (host, status) => void heard.set(host, status),
    });
    times.push(performance.now() - from);
    silent += names.filter((name) => heard.get(name)?.state !== "online").length;
  }
  tell(
    "all 10,000 asked how they are, and all heard: median, most of 10 rounds",
    `${seconds(median(times))}, ${seconds(Math.max(...times))}`,
    "median <= 3 s",
  );
  tell("hosts that were not heard, of 100,000", String(silent), "0");
  await controller.close();
  await Promise.all(agents.map((one) => one.kill()));
  await bus.close();
}

const TTL_MS = 4000;

async function pauses(atMost: number): Promise<void> {
  const names = hostNames(200);
  const hosts = names.map((name, index) => ({ name, service: `s${index % 20}` }));
  const bus = await startBenchBus();
  const server = `nats://127.0.0.1:${bus.port}`;
  const log = join(bus.folder, "pauses.log");
  mkdirSync(join(bus.folder, "journals"));
  const groups = shares(names, 5);
  const startGroup = (group: readonly string[]) =>
    startAgents({
      server,
      ca: null,
      credentials: null,
      folder: join(bus.folder, "journals"),
      hosts: [...group],
      ttlMs: TTL_MS,
      pauseLog: log,
      atOnce: 20,
    });
  const agents = await Promise.all(groups.map(startGroup));
  const end = performance.now() + 50_000;
  let [controllerKills, agentKills, jobs] = [0, 0, 0];
  // A process of agents that has killed itself is started again; the bus does not know that they are others.
  const revive = async (index: number) => {
    for (;;) {
      const { child } = agents[index] ?? {};
      if (child === undefined) return;
      if (child.exitCode === null && child.signalCode === null)
        await Promise.race([once(child, "exit"), sleep(Math.max(0, end - performance.now()))]);
      if (performance.now() >= end) return;
      agentKills++;
      agents[index] = await startGroup(groups[index] ?? []);
    }
  };
  const control = async (name: string, isKilled: boolean) => {
    while (performance.now() < end) {
      const request: FleetController = {
        server,
        job: `${name}-${String(jobs++).padStart(8, "0")}`,
        hosts,
        pausesAtMost: atMost,
      };
      // Killed, it is started again for the same job, and hosts that acted must not act again.
      for (let kills = 0; performance.now() < end; kills++) {
        const program = new URL("fleet-controller.ts", import.meta.url).pathname;
        const child = spawn(process.execPath, ["--import", "tsx", program, JSON.stringify(request)], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        const timer =
          isKilled && kills < 2
            ? setTimeout(() => child.kill("SIGKILL"), 2500 + Math.random() * 2000)
            : undefined;
        const last = setTimeout(() => child.kill("SIGKILL"), end + 1000 - performance.now());
        const [said] = await Promise.all([text(child.stdout), once(child, "exit")]);
        clearTimeout(timer);
        clearTimeout(last);
        if (performance.now() > end) break;
        if (child.signalCode === null) {
          process.stdout.write(`${request.job} ${said}`);
          break;
        }
        controllerKills++;
      }
    }
  };
  await Promise.all([
    control("one", false),
    control("two", true),
    ...groups.map((_group, index) => revive(index)),
  ]);
  await Promise.all(agents.map((one) => one.kill()));
  const lines = readFileSync(log, "utf8");
  const { pauses: count, most, cutShort, late } = countPauses(lines);
  const twice = lines
    .split("\n")
    .filter((line) => line.startsWith("BEGIN"))
    .map((line) => line.split(" ").slice(2, 4).join(" "));
  tell(
    `K = ${atMost}: most of one service paused at once, in ${count} pauses; controllers killed ${controllerKills} times, processes of 40 agents ${agentKills} times while one of them held a pause (${cutShort} pauses never ended)`,
    String(most),
    `<= ${atMost}`,
  );
  tell(
    `K = ${atMost}: pauses past their leave; hosts paused twice by one job`,
    `${late}; ${twice.length - new Set(twice).size}`,
    "0; 0",
  );
  await bus.close();
}

const PAUSED = `200 hosts of 20 services, 40 in a process; two controllers, each a process, order all of them again and again for 50 s. A pause is 5 to 45 ms in
an agent's log instead of a stopped process, taken as a real capture takes it, in a bucket of ${TTL_MS / 1000} s instead of 60; one whose agent was killed
counts up to the last moment that its leave allowed.`;

const PARTS: Readonly<Record<string, { readonly run: () => Promise<void>; readonly what: string }>> = {
  captures: {
    run: captures,
    what: `Agents are the agent's real end point of the fleet (connection, jobs with fsync, orders, events), 333 in a process, each by TLS with its
own credentials; the controller is the real transport, 300 orders in flight. On 999 hosts the capture stands in, with a result at once; on one a real
\`exhibit agent\` captures a real process in each round.`,
  },
  status: {
    run: statuses,
    what: `The same agents, 2,500 in a process, by plain TCP and without credentials: the handshakes of ten thousand by TLS would take these two cores
minutes.`,
  },
  "pauses-1": { run: () => pauses(1), what: PAUSED },
  "pauses-2": { run: () => pauses(2), what: PAUSED },
};

for (const [name, { run, what }] of Object.entries(PARTS)) {
  if (ONLY !== undefined && ONLY !== name) continue;
  const before = load();
  rows.length = 0;
  await run();
  writeSection(
    `fleet -- ${name}`,
    `Node ${process.version}; nats-server 2.9.10 of Debian 12 on the same two cores as everything else; load before ${before}.
${what}

| what | measured | goal |
| --- | --- | --- |
${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}
`,
  );
}
