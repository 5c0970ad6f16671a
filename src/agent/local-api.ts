// The agent's local API: HTTP on a socket of the Unix family, whose file rights say who may ask. What must stay true: nobody
// else can open it at any moment, and no request costs more memory or time than is said here.
import { chmod, lstat, unlink } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { dirname } from "node:path";
import { once } from "node:events";
import { ExhibitError, messageOf } from "../errors.ts";
import { makeFolder } from "../host/files.ts";
import { takesConnection } from "../host/takes-connection.ts";

const BODY_LIMIT_BYTES = 64 * 1024;
const REQUEST_MS = 10_000;

export interface Answer {
  readonly status: number;
  /** JSON, unless it is text. */
  readonly body: unknown;
  readonly type?: string;
}

/** By `GET /v1/status`; the body is what was posted, as JSON. */
export type Routes = Readonly<Record<string, (body: unknown) => Promise<Answer> | Answer>>;

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const data = Buffer.from(chunk);
    bytes += data.length;
    if (bytes > BODY_LIMIT_BYTES) throw new RangeError("the body is too long");
    chunks.push(data);
  }
  return bytes === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

async function answer(request: IncomingMessage, routes: Routes): Promise<Answer> {
  const path = (request.url ?? "").split("?")[0] ?? "";
  const route = routes[`${request.method} ${path}`];
  if (route === undefined) {
    const isPath = Object.keys(routes).some((name) => name.endsWith(` ${path}`));
    return { status: isPath ? 405 : 404, body: { error: isPath ? "not this method" : "no such path" } };
  }
  let body: unknown;
  try {
    body = await readBody(request);
  } catch (error) {
    return { status: error instanceof RangeError ? 413 : 400, body: { error: messageOf(error) } };
  }
  return route(body);
}

function serve(routes: Routes): Server {
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const { status, body, type } = await answer(request, routes).catch((error: unknown): Answer => ({
      status: 500,
      body: { error: messageOf(error) },
    }));
    response.writeHead(status, { "content-type": type ?? "application/json", connection: "close" });
    response.end(typeof body === "string" ? body : `${JSON.stringify(body)}\n`);
  };
  const server = createServer((request, response) => {
    // Who goes away before the answer is no fault of ours.
    respond(request, response).catch(() => response.destroy());
  });
  server.headersTimeout = REQUEST_MS;
  server.requestTimeout = REQUEST_MS;
  server.maxConnections = 64;
  return server;
}

/** Listens on a socket file of these rights. Throws ExhibitError when an agent does already. */
export async function listenOnSocket(path: string, mode: number, routes: Routes): Promise<Server> {
  await makeFolder(dirname(path));
  const there = await lstat(path).catch(() => undefined);
  if (there !== undefined && !there.isSocket()) throw new ExhibitError(`${path}: is there and no socket`);
  if (there !== undefined) {
    if (await takesConnection({ path }, 2000))
      throw new ExhibitError(`${path}: an agent is listening already`, { hint: "only one runs on a host" });
    await unlink(path);
  }
  const server = serve(routes);
  // The socket is made by bind(2) with these rights; chmod only ever adds the group's.
  const before = process.umask(0o177);
  try {
    server.listen(path);
    await once(server, "listening");
  } catch (error) {
    throw new ExhibitError(`${path}: cannot listen: ${messageOf(error)}`, { cause: error });
  } finally {
    process.umask(before);
  }
  await chmod(path, mode);
  return server;
}

/** Listens on `127.0.0.1:9747`. Throws ExhibitError when it is taken. */
export async function listenOnLoopback(address: string, routes: Routes): Promise<Server> {
  const at = address.lastIndexOf(":");
  const server = serve(routes);
  server.listen(Number(address.slice(at + 1)), address.slice(0, at).replace(/[[\]]/g, ""));
  try {
    await once(server, "listening");
  } catch (error) {
    throw new ExhibitError(`${address}: cannot listen: ${messageOf(error)}`, {
      cause: error,
      hint: "see agent.metrics",
    });
  }
  return server;
}
