// Node processes to look inside, each with a port of its own for its inspector: 9229 is one for the whole host.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { openProcess } from "../../src/host/process-files.ts";
import { inspect } from "../../src/inspector/inspect.ts";
import { readBasics } from "../../src/target/basics.ts";
import { end } from "./started.ts";

export interface NodeTarget {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly inspectPort: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Starts `node -e SOURCE`; SOURCE prints something once it is ready. */
export async function startNode(
  t: Pick<TestContext, "after">,
  source: string,
  options: {
    readonly binary?: string;
    readonly flags?: readonly string[];
    /** Words before the command: `unshare -n`. */
    readonly prefix?: readonly string[];
    readonly inspectPort?: number;
  } = {},
): Promise<NodeTarget> {
  const inspectPort = options.inspectPort ?? (await freePort());
  const node = [
    options.binary ?? process.execPath,
    `--inspect-port=${inspectPort}`,
    ...(options.flags ?? []),
  ];
  const [command, ...args] = [...(options.prefix ?? []), ...node, "-e", source];
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  t.after(() => end(child));
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text) => (stdout += text));
  child.stderr.on("data", (text) => (stderr += text));
  await once(child.stdout, "data");
  return { pid: child.pid ?? 0, child, inspectPort, stdout: () => stdout, stderr: () => stderr };
}

/** A small HTTP service; its port is the first word that it prints. `/left` tells what is left of observers in it. */
export const SERVICE = `
const http = require("node:http");
const channels = require("node:diagnostics_channel");
const names = ["http.server.request.start", "http.server.response.finish", "http.client.request.start",
  "http.client.response.finish", "http.client.request.error", "undici:request:create"];
const keep = [];
http.createServer((request, response) => {
  if (request.url === "/left") return response.end(JSON.stringify({
    subscribed: names.filter((name) => channels.hasSubscribers(name)),
    global: ["exhibit.capture", "exhibit.closing"].some((name) => Symbol.for(name) in globalThis),
    inspector: require("node:inspector").url() ?? "closed",
  }));
  if (request.url.startsWith("/slow")) return void setTimeout(() => response.end("slow"), 30);
  if (request.url.startsWith("/hang")) return;
  if (request.url.startsWith("/garbage")) {
    for (let i = 0; i < 2000; i++) keep.push({ i, text: String(i) + request.url });
    if (keep.length > 200000) keep.length = 0;
  }
  response.statusCode = request.url.startsWith("/boom") ? 500 : 200;
  response.end("ok");
}).listen(0, "127.0.0.1", function () { console.log(this.address().port); });
`;

export const servicePort = ({ stdout }: NodeTarget) => Number.parseInt(stdout(), 10);

/** Looks inside, through the engine itself. The folder of marks is removed with the test. */
export async function look(t: Pick<TestContext, "after">, pid: number, marks = marksFolder(t)) {
  const held = openProcess(pid);
  t.after(() => held.close());
  const stop = new AbortController();
  const inspected = await inspect({
    held,
    startTime: readBasics(held)?.startTime ?? "",
    marks,
    runId: `test.${process.pid}`,
    signal: stop.signal,
    limitMs: 10_000,
    now: () => new Date().toISOString(),
  });
  t.after(() => inspected.leave());
  return inspected;
}

export function marksFolder(t: Pick<TestContext, "after">): string {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-marks-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** SIGUSR1 was neither taken, nor waits to be. */
export function gotNoSignal({ pid, stderr, stdout }: Pick<NodeTarget, "pid" | "stderr" | "stdout">): boolean {
  if (!existsSync(`/proc/${pid}`)) return false;
  const pending = /^ShdPnd:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
  const waits = ((BigInt(`0x${pending}`) >> 9n) & 1n) === 1n;
  return !waits && !/inspector|Debugger/.test(stderr()) && !/USR1/.test(stdout());
}
