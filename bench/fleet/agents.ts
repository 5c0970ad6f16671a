// Many agents of a fleet in one process, for bench/fleet.ts: the real end point of the agent (connection, journal, orders,
// pauses, events), with a stand-in for the capture itself.
// node --import tsx bench/fleet/agents.ts '{"port": …}'; says "ready", then one line of JSON for what it is asked on stdin.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { FleetWork } from "../../src/agent/fleet-capture.ts";
import { startFleetMember, type FleetMember } from "../../src/agent/fleet-member.ts";
import type { FleetPauses } from "../../src/agent/fleet-pauses.ts";
import { tokenOf, type HostState } from "../../src/fleet/contract.ts";
import type { FarResult } from "../../src/fleet/ssh/messages.ts";
import { monotonicMs } from "../../src/host/monotonic.ts";

const Asked = z.strictObject({
  server: z.string(),
  ca: z.string().nullable(),
  /** Folder of .creds; null: a server that asks for none. */
  credentials: z.string().nullable(),
  folder: z.string(),
  hosts: z.array(z.string()),
  ttlMs: z.number(),
  /** Lines `BEGIN|END service host job monotonicMs untilMs`; null: nothing is paused. */
  pauseLog: z.string().nullable(),
  /** How many connect at once. */
  atOnce: z.number(),
});
export type FleetAgents = z.infer<typeof Asked>;

const asked = Asked.parse(JSON.parse(process.argv[2] ?? ""));
const stop = new AbortController();
const members = new Map<string, FleetMember>();

function resultOf(job: string, state: HostState, reason?: string): FarResult {
  return {
    kind: "result",
    state,
    captureIds: [`20261125T000000Z-bench-${job}`],
    urls: ["https://evidence.example.test/b/1"],
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Of pauses that are their agent's last. */
const DIES = 0.008;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks for leave as a capture does, and "stops the target" for 5 to 45 ms: what is measured is who may, and when. */
function pausing(host: string, log: string, pauses: FleetPauses): FleetWork["capture"] {
  return async (order) => {
    const gate = pauses.gate({ service: order.service, atMost: order.pausesAtMost });
    const leave = await gate.ask(order.budgetMs);
    if ("refused" in leave) return resultOf(order.job, "partial", leave.refused);
    const line = (what: string) =>
      appendFileSync(
        log,
        `${what} ${order.service} ${host} ${order.job} ${monotonicMs()} ${leave.untilMs}\n`,
      );
    line("BEGIN");
    await sleep(5 + Math.random() * 40);
    // With all agents of this process, while this one holds its pause.
    if (Math.random() < DIES) process.kill(process.pid, "SIGKILL");
    line("END");
    await gate.over();
    return resultOf(order.job, "done");
  };
}

async function begin(host: string): Promise<void> {
  const { ca, credentials, pauseLog } = asked;
  const member = await startFleetMember({
    settings: {
      servers: [asked.server],
      caFile: ca,
      credentialsFile: credentials === null ? null : join(credentials, `${tokenOf(host)}.creds`),
      host,
      services: [],
      pausesAtMost: 1,
    },
    spool: join(asked.folder, host, "spool"),
    work: (pauses, jobs) => ({
      capture: pauseLog === null ? async ({ job }) => resultOf(job, "done") : pausing(host, pauseLog, pauses),
      recall: (job, signal) => jobs.outcome(job, signal),
    }),
    waiting: () => 0,
    stop: stop.signal,
    say: () => undefined,
    ttlMs: asked.ttlMs,
  });
  members.set(host, member);
  while (!member.state().connected) await sleep(5);
}

const hosts = [...asked.hosts];
await Promise.all(
  Array.from({ length: asked.atOnce }, async () => {
    for (let host = hosts.shift(); host !== undefined; host = hosts.shift()) await begin(host);
  }),
);
process.stdout.write("ready\n");
createInterface({ input: process.stdin }).on("close", () => process.exit(0));
