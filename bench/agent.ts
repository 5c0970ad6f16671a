// npm run bench:agent: what the agent costs while it records 20 processes once a second, each with 50 TCP connections, and
// how much of its record is lost when it is killed. Best on a quiet machine: it takes about two minutes.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseProcStat, TICKS_PER_SECOND } from "../src/parsers/proc-stat.ts";
import { CLI } from "../test/helpers/exhibit.ts";
import { until } from "../test/helpers/until.ts";
import { record } from "./results.ts";
import { median } from "./statistics.ts";

const PROCESSES = 20;
const WARM_UP_MS = 15_000;
const WATCH_MS = 60_000;
const KILLS = 10;

const CONNECTED = `
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
pairs = []
for _ in range(25):
    pairs.append((socket.create_connection(server.getsockname()), server.accept()[0]))
print("ready", flush=True)
sys.stdin.read()
`;

const folder = mkdtempSync(join(tmpdir(), "exhibit-bench-agent-"));
const settings = join(folder, "exhibit.yaml");
const recorder = join(folder, "recorder");
writeFileSync(
  settings,
  `version: 1
store: {default: {type: directory, path: ${folder}/archive}}
spool: {path: ${folder}/spool}
agent: {socket: ${folder}/agent.sock}
recorder: {services: [^python3]}
`,
  { mode: 0o600 },
);

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function startAgent(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [CLI, "agent", "--config", settings], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (data) => (said += String(data)));
  await until(() => said.includes("listening on"), 60_000, "the agent listens");
  return child;
}

function lastLookAt(): number {
  const newest = readdirSync(recorder)
    .toSorted((one, other) => (one < other ? -1 : 1))
    .at(-1);
  const lines = readFileSync(join(recorder, newest ?? ""), "utf8").split("\n");
  // The last is empty, or was cut.
  return Date.parse(JSON.parse(lines.at(-2) ?? "{}").at);
}

function usageOf(pid: number): { readonly cpuSeconds: number; readonly residentMiB: number } {
  const stat = parseProcStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return {
    cpuSeconds: ((stat?.userTicks ?? Number.NaN) + (stat?.systemTicks ?? Number.NaN)) / TICKS_PER_SECOND,
    residentMiB: Number(kilobytes) / 1024,
  };
}

const targets: ChildProcess[] = [];
try {
  for (let index = 0; index < PROCESSES; index++) {
    const target = spawn("python3", ["-c", CONNECTED], { stdio: ["pipe", "pipe", "ignore"] });
    targets.push(target);
    await once(target.stdout, "data");
  }
  const load = loadavg()[0] ?? Number.NaN;
  const agent = await startAgent();
  const pid = agent.pid ?? 0;
  await sleep(WARM_UP_MS);
  const before = usageOf(pid);
  await sleep(WATCH_MS);
  const after = usageOf(pid);
  const bytes = readdirSync(recorder).reduce((sum, name) => sum + statSync(join(recorder, name)).size, 0);
  agent.kill("SIGKILL");
  await once(agent, "exit");

  const lost: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const one = await startAgent();
    await sleep(2500 + Math.random() * 1000);
    one.kill("SIGKILL");
    const killedAt = Date.now();
    await once(one, "exit");
    lost.push((killedAt - lastLookAt()) / 1000);
  }
  const percent = ((after.cpuSeconds - before.cpuSeconds) / (WATCH_MS / 1000)) * 100;
  const perHour = (bytes / ((WARM_UP_MS + WATCH_MS) / 3_600_000) / 1024 ** 2).toFixed(1);
  record(
    "agent",
    `Node ${process.version}; ${PROCESSES} processes with 50 TCP sockets each, a look a second; ${WATCH_MS / 1000} s; load before ${load.toFixed(1)}; ${KILLS} kills`,
    [
      ["CPU, of one core", `${percent.toFixed(2)} %`, "<= 1 %"],
      ["resident memory", `${after.residentMiB.toFixed(1)} MiB`, "<= 80 MB"],
      ["written to the ring, an hour (it holds 30 MiB)", `${perHour} MiB`, "ring <= 32 MB"],
      [
        "not recorded before a kill -9: median, most",
        `${median(lost).toFixed(2)} s, ${Math.max(...lost).toFixed(2)} s`,
        "<= 2 s",
      ],
    ],
  );
} finally {
  for (const target of targets) target.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
