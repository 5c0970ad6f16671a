import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { openRelay } from "../../src/inspector/connection.ts";
import { openDevtools } from "../../src/inspector/devtools.ts";
import { decodeFrame } from "../../src/parsers/web-socket.ts";
import { startNode } from "../helpers/node-target.ts";
import { bundleRelay } from "../helpers/program.ts";

bundleRelay();

test("on the wire there are requests and text frames, and the end is no close frame", async (t) => {
  const target = await startNode(t, "console.log('up'); setInterval(() => {}, 1000);", {
    flags: ["--inspect"],
  });
  const sent: Buffer[] = [];
  let ended: Promise<unknown> | undefined;
  const proxy = createServer((client) => {
    const server = connect(target.inspectPort, "127.0.0.1");
    client.on("data", (bytes) => {
      sent.push(Buffer.from(bytes));
      server.write(bytes);
    });
    server.on("data", (bytes) => client.write(bytes));
    client.on("error", () => undefined);
    ended = once(client, "close").then(() => server.destroy());
  }).listen(0, "127.0.0.1");
  t.after(() => proxy.close());
  await once(proxy, "listening");
  const address = proxy.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const relay = await openRelay({ enter: undefined, mark: "/nowhere" });
  const devtools = await openDevtools(await relay.connect(port, "127.0.0.1"), port);

  const values = [
    await devtools.evaluate("6 * 7"),
    await devtools.evaluate(`"x".repeat(200000).length`),
    await devtools.evaluate(`"y".repeat(300000)`),
  ];
  devtools.destroy();
  await ended;

  assert.deepEqual(values.slice(0, 2), [42, 200_000]);
  assert.equal(String(values[2]).length, 300_000);
  let rest = Buffer.concat(sent);
  const heads: string[] = [];
  for (
    let end = rest.indexOf("\r\n\r\n");
    rest.toString("latin1", 0, 4) === "GET ";
    end = rest.indexOf("\r\n\r\n")
  ) {
    heads.push(rest.toString("latin1", 4, 9));
    rest = rest.subarray(end + 4);
  }
  const opcodes: number[] = [];
  while (rest.length > 0) {
    const frame = decodeFrame(rest) ?? assert.fail("what was sent does not end with a whole frame");
    opcodes.push(frame.opcode);
    rest = rest.subarray(frame.lengthBytes);
  }
  assert.equal(heads.length, 3);
  assert.deepEqual(opcodes, [1, 1, 1]);
});
