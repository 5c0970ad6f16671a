// Between us and a real system that speaks HTTP: passes requests on, and goes wrong on demand.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Fault } from "./contracts/server.ts";
import { portOf } from "./contracts/port.ts";

export interface FaultProxy {
  readonly url: string;
  faultOf: () => Fault | undefined;
  /** Before a `late` request is passed on, and a `slow` one is answered. */
  lateMs: number;
  readonly close: () => void;
}

interface Passed {
  readonly status: number;
  readonly type: string;
  readonly bytes: Buffer;
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("error", () => undefined);
    request.on("end", () => {
      const body = Buffer.concat(pieces);
      misbehave(self, { pass: () => passOn(target, request, body), response }).catch(() =>
        response.socket?.destroy(),
      );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const self: FaultProxy = {
    url: `http://127.0.0.1:${portOf(server)}`,
    faultOf: () => undefined,
    lateMs: 450,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return self;
}

async function passOn(target: string, request: IncomingMessage, body: Buffer): Promise<Passed> {
  const { authorization = "", "content-type": type = "" } = request.headers;
  const answer = await fetch(`${target}${request.url}`, {
    method: request.method ?? "GET",
    headers: {
      accept: "application/json",
      ...(authorization === "" ? {} : { authorization }),
      ...(type === "" ? {} : { "content-type": type }),
    },
    ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
  });
  return {
    status: answer.status,
    type: answer.headers.get("content-type") ?? "application/json",
    bytes: Buffer.from(await answer.arrayBuffer()),
  };
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function misbehave(
  self: FaultProxy,
  { pass, response }: { readonly pass: () => Promise<Passed>; readonly response: ServerResponse },
): Promise<void> {
  const send = ({ status, type, bytes }: Passed) =>
    response.writeHead(status, { "content-type": type }).end(bytes);
  const fault = self.faultOf();
  if (fault === undefined) return void send(await pass());
  if (typeof fault === "number")
    return void response
      .writeHead(fault, { "retry-after": "0", "content-type": "application/json" })
      .end("{}");
  switch (fault) {
    case "unheard":
      return void response.socket?.destroy();
    case "late":
      await wait(self.lateMs);
      return void (await pass());
    case "html":
      return void response
        .writeHead(200, { "content-type": "text/html" })
        .end("<!DOCTYPE html><html></html>");
    case "redirect":
      return void response.writeHead(302, { location: `${self.url}/login` }).end();
    case "lost":
      await pass();
      return void response.socket?.destroy();
    case "said-503":
      await pass();
      return void response.writeHead(503, { "retry-after": "0" }).end();
    case "slow": {
      const told = await pass();
      await wait(self.lateMs);
      return void send(told);
    }
    case "cut": {
      const { status, type, bytes } = await pass();
      return void response.writeHead(status, { "content-type": type }).end(bytes.subarray(0, -3));
    }
  }
}
