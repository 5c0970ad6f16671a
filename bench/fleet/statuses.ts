// Ten thousand agents, all asked how they are.
import { join } from "node:path";
import { PAUSES } from "../../src/fleet/contract.ts";
import { openNatsTransport } from "../../src/fleet/nats/transport.ts";
import type { HostStatus } from "../../src/fleet/transport.ts";
import { median } from "../statistics.ts";
import { hostNames, shares, startAgents, startBenchBus } from "./bus.ts";
import { fleetOf, NOBODY, seconds, tell } from "./rows.ts";

export async function statuses(): Promise<void> {
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
