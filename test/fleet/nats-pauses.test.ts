// Needs: nats-server
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { startFleetMember } from "../../src/agent/fleet-member.ts";
import type { FarResult } from "../../src/fleet/ssh/messages.ts";
import { openPausesBucket } from "../../src/fleet/nats/pauses-bucket.ts";
import { takeSlot } from "../../src/fleet/nats/slots.ts";
import { openNatsTransport } from "../../src/fleet/nats/transport.ts";
import { monotonicMs } from "../../src/host/monotonic.ts";
import { startBus, type TestBus } from "../helpers/nats.ts";
import { until } from "../helpers/until.ts";

const LIMIT_MS = 60_000;
const TTL_MS = 2000;

interface Pause {
  readonly host: string;
  readonly job: string;
  readonly from: number;
  to: number | undefined;
}

/** Agents of these hosts in this process, whose captures do nothing but pause for a moment. */
async function startMembers(
  t: TestContext,
  bus: TestBus,
  hosts: readonly string[],
): Promise<readonly Pause[]> {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-journals-"));
  const stop = new AbortController();
  const pauses: Pause[] = [];
  const members = await Promise.all(
    hosts.map((host) =>
      startFleetMember({
        settings: bus.settings(host),
        spool: join(folder, host, "spool"),
        waiting: () => undefined,
        stop: stop.signal,
        say: () => undefined,
        ttlMs: TTL_MS,
        work: ({ gate }) => ({
          recall: async () => undefined,
          capture: async ({ job, service, pausesAtMost, budgetMs }) => {
            const asked = gate({ service, atMost: pausesAtMost });
            const leave = await asked.ask(budgetMs);
            const none: Omit<FarResult, "state"> = { kind: "result", captureIds: [], urls: [] };
            if ("refused" in leave) return { ...none, state: "partial", reason: leave.refused };
            const pause: Pause = { host, job, from: monotonicMs(), to: undefined };
            pauses.push(pause);
            await new Promise((resolve) => setTimeout(resolve, 20));
            pause.to = monotonicMs();
            await asked.over();
            return { ...none, state: pause.to < leave.untilMs ? "done" : "failed" };
          },
        }),
      }),
    ),
  );
  t.after(async () => {
    stop.abort();
    await Promise.all(members.map(({ ended }) => ended));
    rmSync(folder, { recursive: true });
  });
  await until(() => members.every(({ state }) => state().connected), LIMIT_MS, "all are on the bus");
  return pauses;
}

function mostAtOnce(pauses: readonly Pause[]): number {
  return Math.max(
    0,
    ...pauses.map(
      ({ from }) => pauses.filter((other) => other.from <= from && (other.to ?? Infinity) > from).length,
    ),
  );
}

test("two controllers never have more hosts of a service paused at once than the service allows", async (t) => {
  const hosts = ["h1", "h2", "h3", "h4", "h5", "h6"];
  const bus = await startBus(
    t,
    hosts.map((name) => ({ name, services: ["web"] })),
  );
  const pauses = await startMembers(t, bus, hosts);
  const controllers = await Promise.all([1, 2].map(() => openNatsTransport(bus.settings("operator"))));
  t.after(() => Promise.all(controllers.map((controller) => controller.close())));
  const captureAll = (atMost: number) =>
    Promise.all(
      controllers.flatMap((controller, index) =>
        hosts.map((host) =>
          controller.capture(
            { name: host, address: host, service: "web" },
            {
              job: `job-${atMost}-controller-${index}`,
              target: { pid: index + 1 },
              service: "web",
              pausesAtMost: atMost,
              budgetMs: 30_000,
              expiresInMs: 30_000,
              maxPauseMs: 1000,
              incidents: [],
            },
            { signal: AbortSignal.timeout(LIMIT_MS) },
          ),
        ),
      ),
    );

  const one = await captureAll(1);
  const mostOfOne = mostAtOnce(pauses);
  const before = pauses.length;
  const two = await captureAll(2);

  assert.deepEqual(
    [...one, ...two].filter(({ state }) => state !== "done"),
    [],
  );
  assert.equal(pauses.length, 24, "each host once for each job");
  assert.equal(mostOfOne, 1);
  assert.ok(mostAtOnce(pauses.slice(before)) <= 2);
});

test("a pause whose host died is free again when its time is over, and not before", async (t) => {
  const bus = await startBus(t, [{ name: "h1", services: [] }]);
  const kv = await openPausesBucket(await bus.connectAs("h1"), TTL_MS);
  const bucket = { open: async () => kv, ttlMs: TTL_MS };
  const request = { service: "web", atMost: 1, holder: "h1", signal: new AbortController().signal };
  const dead = await takeSlot(bucket, { ...request, waitMs: 0 });
  assert.ok(!("refused" in dead));

  const refused = await takeSlot(bucket, { ...request, waitMs: 0 });
  const next = await takeSlot(bucket, { ...request, waitMs: LIMIT_MS });

  assert.ok("refused" in refused);
  assert.ok(!("refused" in next));
  assert.ok(next.untilMs() - dead.untilMs() >= TTL_MS, "counted from before it was asked for");
  assert.equal(await dead.renew(), false, "the dead one cannot come back to it");
  await dead.release();
  assert.equal((await kv.get("web.0"))?.operation, "PUT", "nor give back what is not its own");
});
