// Two controllers and agents that pause, killed again and again: how many of one service are paused at once.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { hostNames, shares, startAgents, startBenchBus } from "./bus.ts";
import type { FleetController } from "./controller.ts";
import { countPauses } from "./count-pauses.ts";
import { tell } from "./rows.ts";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const TTL_MS = 4000;

export async function pauses(atMost: number): Promise<void> {
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
        const program = new URL("controller.ts", import.meta.url).pathname;
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

export const PAUSED = `200 hosts of 20 services, 40 in a process; two controllers, each a process, order all of them again and again for 50 s. A pause is 5 to 45 ms in
an agent's log instead of a stopped process, taken as a real capture takes it, in a bucket of ${TTL_MS / 1000} s instead of 60; one whose agent was killed
counts up to the last moment that its leave allowed.`;
