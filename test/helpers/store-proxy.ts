// What lies between a host and its store, with its faults: it may stop answering, or change a byte on the way.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface StoreProxy {
  readonly endpoint: string;
  /** From now on connections are accepted, and nothing is passed on or answered. */
  readonly stall: () => void;
  /** Every `from` that goes to the store becomes `to`, of the same length. */
  readonly change: (from: string, to: string) => void;
  /** Breaks the next `count` connections when their first bytes have come. */
  readonly breakNext: (count: number) => void;
  /** As before the faults. */
  readonly heal: () => void;
  readonly close: () => Promise<void>;
}

/** A TCP proxy on a free port of loopback in front of a store on another one. */
export async function startProxy(storePort: number): Promise<StoreProxy> {
  const sockets = new Set<Socket>();
  let stalled = false;
  let broken = 0;
  let changing: readonly [from: string, to: string] | undefined;

  const forward = (data: Buffer): Buffer => {
    if (!changing) return data;
    return Buffer.from(data.toString("latin1").replaceAll(...changing), "latin1");
  };
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    keep(client);
    const store = connect(storePort, "127.0.0.1");
    keep(store);
    client.on("data", (data) => {
      if (broken > 0) {
        broken -= 1;
        client.resetAndDestroy();
        store.destroy();
      } else if (!stalled) store.write(forward(data));
    });
    store.on("data", (data) => void (stalled || client.write(data)));
    client.on("close", () => store.destroy());
    store.on("close", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    stall: () => void (stalled = true),
    change: (from, to) => void (changing = [from, to]),
    breakNext: (count) => void (broken = count),
    heal: () => {
      stalled = false;
      changing = undefined;
      broken = 0;
      // A connection that was stalled has lost its place in the conversation.
      for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
