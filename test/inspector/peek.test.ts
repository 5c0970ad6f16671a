// Needs: node-versions
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { Drained, Final, parseObserved } from "../../src/collectors/runtime/observed.ts";
import {
  look,
  marksFolder,
  SERVICE,
  servicePort,
  startNode,
  type NodeTarget,
} from "../helpers/node-target.ts";
import { isListening, leftIn } from "../helpers/inspect-rounds.ts";
import { allVersions } from "../helpers/node-versions.ts";
import { end } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

const ask = async (target: NodeTarget, path: string) =>
  (await fetch(`http://127.0.0.1:${servicePort(target)}${path}`)).text();

describe("looking inside with the port closed in between", { concurrency: true }, () => {
  for (const { version, binary } of allVersions())
    test(`Node ${version} is observed while its port is closed, and nothing is left afterwards`, async (t) => {
      const target = await startNode(t, SERVICE, { binary });
      const marks = marksFolder(t);
      const { inspection, leave } = await look(t, target.pid, marks, 60_000);

      await inspection.away?.leave();
      const wasListening = isListening(target.pid, target.inspectPort);
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
      assert.equal(await leftIn(target), undefined);
      assert.deepEqual(readdirSync(marks), []);
    });

  test("when nobody comes back the observers take themselves out", async (t) => {
    const target = await startNode(t, SERVICE);
    const { inspection } = await look(t, target.pid, marksFolder(t), 0);

    await inspection.away?.leave();

    assert.equal(isListening(target.pid, target.inspectPort), false);
    await until(async () => (await leftIn(target)) === undefined, 60_000);
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
