// Needs: node-versions
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Drained, Final, parseObserved } from "../../src/collectors/runtime/observed.ts";
import { attachRounds, leftIn } from "../helpers/inspect-rounds.ts";
import { otherVersions } from "../helpers/node-versions.ts";
import { until } from "../helpers/until.ts";
import {
  cameAround,
  gotNoSignal,
  look,
  SERVICE,
  servicePort,
  startInFirstMoment,
  startNode,
} from "../helpers/node-target.ts";

/** Is busy for most of the time with what a server does for every answer. */
const PUBLISHES = `
const channel = require("node:diagnostics_channel").channel("http.server.response.finish");
const message = { request: { method: "GET", url: "/" }, response: { statusCode: 200 } };
setInterval(() => {
  for (const end = Date.now() + 15; Date.now() < end;) if (channel.hasSubscribers) channel.publish(message);
}, 20);
require("node:http").createServer((request, response) => response.end()).listen(0, "127.0.0.1", function () { console.log(this.address().port); });
`;

test("there are other versions of Node to look into", () => {
  assert.ok(otherVersions().length >= 4);
});

// They wait more than they work, each on processes of its own.
describe("each of them", { concurrency: 2 }, () => {
  for (const { version, binary } of otherVersions()) {
    test(`Node ${version} is looked into, counted, and left as it was`, async (t) => {
      const target = await startNode(t, SERVICE, { binary });
      const { inspection, leave } = await look(t, target.pid);

      for (let index = 0; index < 20; index++)
        await fetch(`http://127.0.0.1:${servicePort(target)}/slow/${index}?q=1`).then((answer) =>
          answer.text(),
        );
      // The last client has its answer before the server has finished with it.
      let listed = 0;
      const seen = async () =>
        (listed += parseObserved(Drained, await inspection.drain())?.requests.events.length ?? 0);
      await until(async () => (await seen()) === 20, 30_000);
      const final = parseObserved(Final, await inspection.stop());
      const record = await leave();

      assert.equal(inspection.version, version);
      assert.equal(listed, 20);
      assert.deepEqual(
        final?.counted.counts.map(({ route, outcome, count }) => ({ route, outcome, count })),
        [{ route: "/slow/{id}", outcome: 200, count: 20 }],
      );
      assert.equal(typeof record.closedAt, "string");
      assert.equal(await leftIn(target), undefined);
    });

    // What we ask runs in the middle of whatever runs: a channel that lost its last subscriber while it published threw into
    // the application on Node 18.
    if (version.startsWith("18.") || version.startsWith("26."))
      test(`Node ${version} lives on when it is left in the middle of telling of a request`, async (t) => {
        const target = await startNode(t, PUBLISHES, { binary });

        for (let round = 0; round < 4; round++) {
          const { leave } = await look(t, target.pid);
          const { closedAt } = await leave();
          assert.equal(typeof closedAt, "string");
        }

        assert.equal(target.child.exitCode, null, target.stderr());
        assert.ok(
          await fetch(`http://127.0.0.1:${Number.parseInt(target.stdout(), 10)}/`).then(({ ok }) => ok),
        );
      });

    test(`Node ${version}: four times in and out under load`, async () => {
      const { deaths, inside, leftBehind, problems } = await attachRounds(4, binary);

      assert.deepEqual(
        { problems, deaths, inside, leftBehind },
        { problems: [], deaths: 0, inside: 4, leftBehind: 0 },
      );
    });

    if (!version.startsWith("18."))
      test(`Node ${version} with --disable-sigusr1 is left alone`, async (t) => {
        const source = "console.log('up'); setInterval(() => {}, 1000);";
        const target = await startNode(t, source, { binary, flags: ["--disable-sigusr1"] });

        await assert.rejects(look(t, target.pid), { message: /does not take SIGUSR1/ });

        assert.ok(gotNoSignal(target));
      });

    test(`Node ${version} in its first moment is left alone, and starts as if nobody had looked`, async (t) => {
      const { target, goOn } = await startInFirstMoment(t, binary);

      await assert.rejects(look(t, target.pid), { message: /does not take SIGUSR1: it is starting/ });

      goOn();
      await until(() => target.stdout().includes("up"), 20_000);
      await cameAround(target);
      assert.ok(gotNoSignal(target), target.stderr());
    });
  }
});
