// nats-server and processes full of agents, for bench/fleet.ts.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "../../test/helpers/rgw.ts";
import { until } from "../../test/helpers/until.ts";
import type { FleetAgents } from "./agents.ts";

export interface BenchBus {
  readonly folder: string;
  readonly port: number;
  readonly server: ChildProcess;
  readonly close: () => Promise<void>;
}

const kill = async (child: ChildProcess) => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
};

/** Without `configuration` one that asks nobody who he is, in plain TCP on loopback. */
export async function startBenchBus(
  configuration?: (folder: string, port: number) => Promise<string>,
): Promise<BenchBus> {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-bench-fleet-"));
  const port = await freePort();
  const plain = join(folder, "plain.conf");
  writeFileSync(
    plain,
    `listen: "127.0.0.1:${port}"\nmax_connections: 20000\nwrite_deadline: "10s"\njetstream { store_dir: "${folder}/data" }\n`,
  );
  const path = (await configuration?.(folder, port)) ?? plain;
  const server = spawn("nats-server", ["-c", path], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  server.stderr.on("data", (data) => (said += String(data).slice(0, 10_000)));
  await until(() => said.includes("Server is ready"), 30_000, "nats-server listens");
  const close = async () => {
    await kill(server);
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, port, server, close };
}

export interface Agents {
  readonly child: ChildProcess;
  readonly kill: () => Promise<void>;
}

/** Resolves when all of them are on the bus, or have ended. */
export async function startAgents(request: FleetAgents): Promise<Agents> {
  const program = new URL("agents.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, ["--import", "tsx", program, JSON.stringify(request)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  await Promise.race([once(lines, "line"), once(child, "exit")]);
  return { child, kill: () => kill(child) };
}

export const hostNames = (count: number) =>
  Array.from({ length: count }, (_, index) => `h${String(index).padStart(5, "0")}`);

/** The names in `parts` lists. */
export function shares(names: readonly string[], parts: number): readonly string[][] {
  return Array.from({ length: parts }, (_, part) => names.filter((_name, index) => index % parts === part));
}
