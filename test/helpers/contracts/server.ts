// A server that stands for a vendor's API in tests: it takes only what the vendor documents (path, query, headers,
// authorization, body; anything unknown is refused and remembered), keeps what was written, and goes wrong on demand.
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { z } from "zod";
import { portOf } from "./port.ts";

export interface Request {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON, or the raw bytes of a form. */
  readonly body: unknown;
}

export interface Answer {
  readonly status: number;
  readonly json?: unknown;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH";
  /** With named groups; matched against the undecoded path. */
  readonly path: RegExp;
  /** Strict: an unknown parameter is refused. */
  readonly query?: z.ZodType;
  readonly headers?: z.ZodType;
  readonly body?: z.ZodType;
  readonly isForm?: true;
  readonly answer: (request: Request) => Answer;
}

export interface Contract {
  readonly routes: readonly Route[];
  readonly isAuthorized: (headers: IncomingHttpHeaders) => boolean;
  /** How the vendor says no. */
  readonly refusal?: (status: number, message: string) => Answer;
}

/**
 * `lost`: done, and the connection drops. `unheard`: dropped before anything is done. `slow`: done, answered too late.
 * `late`: done only after the client has given up. `said-503`: done, and 503 all the same. `cut`: done, half an answer.
 */
export type Fault =
  | "lost"
  | "unheard"
  | "slow"
  | "late"
  | "said-503"
  | "cut"
  | "html"
  | "redirect"
  | 401
  | 403
  | 404
  | 409
  | 429
  | 500
  | 503;

export interface ContractServer {
  readonly url: string;
  /** Asked for each request that the contract allows. */
  faultOf: () => Fault | undefined;
  /** What a 429 asks for. */
  retryAfter: string;
  /** How long a `late` request takes to be done, and a `slow` one to be answered: longer than the client waits. */
  lateMs: number;
  /** Why requests were refused: empty when we kept to the contract. */
  readonly refused: string[];
  /** Method and path of all requests. */
  readonly seen: string[];
  readonly close: () => void;
}

const LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Log in</title></head><body></body></html>";

/** Starts it on a free port of loopback. */
export async function startContractServer(contract: Contract): Promise<ContractServer> {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("error", () => undefined);
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://x");
      handle(self, contract, {
        method: request.method ?? "",
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        bytes: Buffer.concat(pieces),
        response,
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const self: ContractServer = {
    url: `http://127.0.0.1:${portOf(server)}`,
    faultOf: () => undefined,
    retryAfter: "0",
    lateMs: 450,
    refused: [],
    seen: [],
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return self;
}

interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly response: ServerResponse;
}

function send(
  response: ServerResponse,
  { status, json }: Answer,
  headers: Record<string, string> = {},
): void {
  if (json === undefined) return void response.writeHead(status, headers).end();
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(json));
}

function handle(self: ContractServer, contract: Contract, incoming: Incoming): void {
  const { method, path, response } = incoming;
  self.seen.push(`${method} ${path}`);
  const refusal = contract.refusal ?? ((status, message) => ({ status, json: { message } }));
  const refuse = (status: number, message: string) => {
    self.refused.push(`${method} ${path}: ${message}`);
    send(response, refusal(status, message));
  };
  const route = contract.routes.find((one) => one.method === method && one.path.test(path));
  if (!route) return refuse(404, "no such path");
  const checked = check(route, incoming);
  if (typeof checked === "string") return refuse(400, checked);
  if (!contract.isAuthorized(incoming.headers)) return send(response, refusal(401, "unauthorized"));
  misbehave(self.faultOf(), { self, refusal, response, answer: () => route.answer(checked) });
}

/** The request, or what the contract has against it. */
function check(route: Route, incoming: Incoming): Request | string {
  const query = Object.fromEntries(incoming.query);
  const unknownQuery = route.query ? route.query.safeParse(query) : undefined;
  if (!route.query && Object.keys(query).length > 0) return `unknown query: ${Object.keys(query).join(", ")}`;
  if (unknownQuery?.success === false) return `query: ${unknownQuery.error.message}`;
  const headers = route.headers?.safeParse(incoming.headers);
  if (headers?.success === false) return `headers: ${headers.error.message}`;
  if (incoming.headers["user-agent"]?.startsWith("exhibit/") !== true) return "no user agent";
  let body: unknown;
  if (route.isForm) body = incoming.bytes.toString("latin1");
  else if (incoming.bytes.length > 0) {
    if (incoming.headers["content-type"] !== "application/json") return "content type";
    body = JSON.parse(incoming.bytes.toString("utf8"));
  }
  if (!route.body && body !== undefined) return "a body where none is expected";
  const parsed = route.body?.safeParse(body);
  if (parsed?.success === false) return `body: ${parsed.error.message}`;
  const params = route.path.exec(incoming.path)?.groups ?? {};
  return { params, query, headers: incoming.headers, body };
}

function misbehave(
  fault: Fault | undefined,
  to: {
    readonly self: ContractServer;
    readonly refusal: (status: number, message: string) => Answer;
    readonly response: ServerResponse;
    readonly answer: () => Answer;
  },
): void {
  const { self, response, answer, refusal } = to;
  if (fault === undefined) return send(response, answer());
  if (typeof fault === "number") {
    const told = fault === 429 ? { status: 429, json: {} } : refusal(fault, "injected");
    return send(response, told, fault === 429 || fault === 503 ? { "retry-after": self.retryAfter } : {});
  }
  switch (fault) {
    case "unheard":
      return void response.socket?.destroy();
    case "late":
      return void setTimeout(answer, self.lateMs).unref();
    case "html":
      return void response.writeHead(200, { "content-type": "text/html" }).end(LOGIN_PAGE);
    case "redirect":
      return void response.writeHead(302, { location: `${self.url}/login` }).end();
    case "lost":
      answer();
      return void response.socket?.destroy();
    case "said-503":
      answer();
      return send(response, { status: 503, json: {} }, { "retry-after": self.retryAfter });
    case "slow": {
      const told = answer();
      return void setTimeout(() => send(response, told), self.lateMs).unref();
    }
    case "cut": {
      const text = JSON.stringify(answer().json ?? {});
      return void response
        .writeHead(200, { "content-type": "application/json" })
        .end(text.slice(0, Math.max(1, text.length - 3)));
    }
  }
}
