// What lies between a host and its store, with its faults: it may stop answering, change bytes on the way, break or cut
// connections, be slow, and answer in the store's place. It counts what is sent through it.
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
  /** Breaks every connection when so many bytes have gone through it to the store. */
  readonly cutAfter: (bytes: number) => void;
  /** Answers the next `count` requests whose head matches; `status` with an S3 error of this code. */
  readonly answer: (count: number, status: number, code: string, head?: RegExp) => void;
  /** Passes on at most so many bytes a second to the store. */
  readonly slow: (bytesPerSecond: number) => void;
  /** Refuses every connection: the store is down. */
  readonly down: () => void;
  /** Bytes that went to the store since it began. */
  readonly sentBytes: () => number;
  /** Heads of the requests that went to the store, or were answered in its place. */
  readonly requests: () => readonly string[];
  /** As before the faults. */
  readonly heal: () => void;
  readonly close: () => Promise<void>;
}

interface Faults {
  stalled: boolean;
  down: boolean;
  broken: number;
  cutBytes: number;
  bytesPerSecond: number;
  changing: readonly [from: string, to: string] | undefined;
  answering:
    | { left: number; readonly status: number; readonly code: string; readonly head: RegExp }
    | undefined;
}

const NONE: Faults = {
  stalled: false,
  down: false,
  broken: 0,
  cutBytes: Number.POSITIVE_INFINITY,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  changing: undefined,
  answering: undefined,
};

/** A TCP proxy on a free port of loopback in front of a store on another one. */
export async function startProxy(storePort: number): Promise<StoreProxy> {
  const sockets = new Set<Socket>();
  const faults = { ...NONE };
  const heads: string[] = [];
  let sent = 0;

  const forward = (data: Buffer): Buffer => {
    if (!faults.changing) return data;
    return Buffer.from(data.toString("latin1").replaceAll(...faults.changing), "latin1");
  };
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  };
  /** An answer of our own to a request that was just seen; the connection ends with it. */
  const answerFor = (head: string): string | undefined => {
    const { answering } = faults;
    if (!answering || answering.left === 0 || !answering.head.test(head)) return undefined;
    answering.left -= 1;
    const body = `<?xml version="1.0"?><Error><Code>${answering.code}</Code><Message>in the store's place</Message></Error>`;
    return `HTTP/1.1 ${answering.status} Fault\r\nContent-Type: application/xml\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
  };
  const server = createServer((client) => {
    keep(client);
    if (faults.down) {
      client.resetAndDestroy();
      return;
    }
    const store = connect(storePort, "127.0.0.1");
    keep(store);
    let through = 0;
    client.on("data", (data) => {
      const head = /^[A-Z]+ \S+ HTTP\/1\.1\r\n[^]*?(?=\r\n\r\n)/.exec(data.toString("latin1"))?.[0];
      if (head !== undefined) heads.push(head);
      if (faults.broken > 0 || through >= faults.cutBytes) {
        faults.broken = Math.max(0, faults.broken - 1);
        client.resetAndDestroy();
        store.destroy();
        return;
      }
      const answer = head === undefined ? undefined : answerFor(head);
      if (answer !== undefined) {
        client.end(answer);
        store.destroy();
        return;
      }
      if (faults.stalled || store.destroyed) return;
      through += data.length;
      sent += data.length;
      const isTaken = store.write(forward(data));
      const waitMs = (data.length / faults.bytesPerSecond) * 1000;
      if (isTaken && waitMs === 0) return;
      client.pause();
      if (waitMs > 0) setTimeout(() => client.resume(), waitMs);
      else store.once("drain", () => client.resume());
    });
    store.on("data", (data) => void (faults.stalled || client.write(data)));
    client.on("close", () => store.destroy());
    store.on("close", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    stall: () => void (faults.stalled = true),
    change: (from, to) => void (faults.changing = [from, to]),
    breakNext: (count) => void (faults.broken = count),
    cutAfter: (bytes) => void (faults.cutBytes = bytes),
    answer: (left, status, code, head = /^/) => void (faults.answering = { left, status, code, head }),
    slow: (bytesPerSecond) => void (faults.bytesPerSecond = bytesPerSecond),
    down: () => {
      faults.down = true;
      breakAll();
    },
    sentBytes: () => sent,
    requests: () => heads,
    heal: () => {
      Object.assign(faults, NONE);
      // A connection that was stalled has lost its place in the conversation.
      breakAll();
    },
    close: async () => {
      breakAll();
      server.close();
      await once(server, "close");
    },
  };
}
