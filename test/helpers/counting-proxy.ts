// What lies between a host and its store and writes down every request: `GET /bucket/key bytes=-131072`. It may cut the
// bodies of answers in the middle.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";

export interface CountingProxy {
  readonly endpoint: string;
  /** Since the last call, in order; method, path without the query (but for what a listing asks), range. */
  readonly takeRequests: () => readonly string[];
  /** Cuts the next `count` answers to a GET with a body after `bytes` of it. */
  readonly cutNext: (count: number, bytes: number) => void;
  readonly close: () => Promise<void>;
}

export async function startCountingProxy(storePort: number): Promise<CountingProxy> {
  const requests: string[] = [];
  let cuts = 0;
  let cutAt = 0;
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? "/", "http://store");
    const listed = url.searchParams.has("list-type") ? `?${url.searchParams.get("prefix")}` : "";
    requests.push(
      [incoming.method, url.pathname + listed, incoming.headers.range]
        .filter((word) => word !== undefined)
        .join(" "),
    );
    const forward = request(
      {
        port: storePort,
        host: "127.0.0.1",
        method: incoming.method,
        path: incoming.url,
        headers: incoming.headers,
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        const cutting = cuts > 0 && incoming.method === "GET" && listed === "";
        if (!cutting) {
          answer.pipe(outgoing);
          return;
        }
        cuts -= 1;
        let sent = 0;
        answer.on("data", (piece: Buffer) => {
          outgoing.write(piece.subarray(0, Math.max(0, cutAt - sent)), () => {
            if (sent >= cutAt) outgoing.socket?.destroy();
          });
          sent += piece.length;
        });
        answer.on("end", () => outgoing.socket?.destroy());
      },
    );
    forward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => forward.destroy());
    incoming.pipe(forward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    takeRequests: () => requests.splice(0),
    cutNext: (count, bytes) => {
      cuts = count;
      cutAt = bytes;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
