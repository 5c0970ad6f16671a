// One controller of a fleet in a process of its own, for bench/fleet.ts, which kills it again and again: has every host
// captured, 40 at a time, and says how each ended.
import pLimit from "p-limit";
import { z } from "zod";
import { openNatsTransport } from "../../src/fleet/nats/transport.ts";

const Asked = z.strictObject({
  server: z.string(),
  job: z.string(),
  pausesAtMost: z.number(),
  hosts: z.array(z.strictObject({ name: z.string(), service: z.string() })),
});
export type FleetController = z.infer<typeof Asked>;

const { server, job, hosts, pausesAtMost } = Asked.parse(JSON.parse(process.argv[2] ?? ""));
const settings = {
  servers: [server],
  caFile: null,
  credentialsFile: null,
  host: null,
  services: [],
  pausesAtMost: 1,
};
const transport = await openNatsTransport(settings);
const limit = pLimit(40);
const states: Record<string, number> = {};
await Promise.all(
  hosts.map(({ name, service }) =>
    limit(async () => {
      const order = {
        job,
        target: { unit: service },
        budgetMs: 15_000,
        expiresInMs: 10_000,
        maxPauseMs: 1000,
      };
      const { state } = await transport.capture(
        { name, address: name, service },
        { ...order, service, pausesAtMost, incidents: [] },
        // Nobody waits longer for a host whose agent has died.
        { signal: AbortSignal.timeout(9000) },
      );
      states[state] = (states[state] ?? 0) + 1;
    }),
  ),
);
await transport.close();
process.stdout.write(`${JSON.stringify(states)}\n`);
process.exit(0);
