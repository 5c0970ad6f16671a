// A thousand agents, all asked for a quick capture: until every result is told.
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pLimit from "p-limit";
import { PAUSES } from "../../src/fleet/contract.ts";
import { makeCredentials } from "../../src/fleet/nats/make-credentials.ts";
import { openNatsTransport } from "../../src/fleet/nats/transport.ts";
import type { FleetHost, HostResult, Transport } from "../../src/fleet/transport.ts";
import { CLI } from "../../test/helpers/exhibit.ts";
import { until } from "../../test/helpers/until.ts";
import { median } from "../statistics.ts";
import { hostNames, shares, startAgents, startBenchBus } from "./bus.ts";
import { fleetOf, NOBODY, seconds, tell } from "./rows.ts";

const CREDENTIALS = join(tmpdir(), "exhibit-bench-fleet-credentials");

export async function captures(): Promise<void> {
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
