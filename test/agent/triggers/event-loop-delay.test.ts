import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { test, type TestContext } from "node:test";
import { eventLoopDelayRule } from "../../../src/agent/triggers/event-loop-delay.ts";

const METRIC = "nodejs_eventloop_lag_seconds";

/** The first that a rule says of a page: a finding, or why it sees nothing. */
async function firstOf(
  t: TestContext,
  answer: RequestListener,
  rule = { above: 50, for: 0 },
): Promise<string> {
  const server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const stop = new AbortController();
  t.after(() => {
    stop.abort();
    server.closeAllConnections();
    server.close();
  });
  const metrics = `http://127.0.0.1:${address.port}/metrics`;
  const { watch } = eventLoopDelayRule({ ...rule, metrics, metric: METRIC });
  return new Promise((resolve) => {
    const tell = {
      found: ({ text }: { readonly text: string }) => resolve(text),
      blind: (reason: string | undefined) => reason !== undefined && resolve(reason.replace(metrics, "URL")),
    };
    void watch(tell, stop.signal);
  });
}

test("an event loop that tells that it is late is late; so is one that does not answer at all", async (t) => {
  const [told, silent] = await Promise.all([
    firstOf(t, (_, response) => response.end(`${METRIC} 0.75\n`)),
    firstOf(t, () => undefined),
  ]);

  assert.equal(told, "event loop 750 ms late, above 50 ms for 0 ms");
  assert.equal(silent, "event loop 1.1 s late, above 50 ms for 0 ms");
});

test("what is not told is not late, and why it is not known is said", async (t) => {
  const said = await Promise.all([
    firstOf(t, (_, response) => response.end("other 9\n")),
    firstOf(t, (_, response) => response.writeHead(503).end()),
    firstOf(t, (_, response) => response.end("x".repeat(5_000_000))),
    firstOf(t, (_, response) => response.destroy()),
  ]);

  assert.deepEqual(said, [
    `URL: there is no number ${METRIC}`,
    "URL: status 503",
    "URL: the page is too long",
    "URL: ECONNRESET",
  ]);
});
