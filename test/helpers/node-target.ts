// Node processes to look inside, each with a port of its own for its inspector: 9229 is one for the whole host.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { openProcess } from "../../src/host/process-files.ts";
import { inspect } from "../../src/inspector/inspect.ts";
import { readBasics } from "../../src/target/basics.ts";
import { bundleRelay } from "./program.ts";
import { end } from "./started.ts";
import { until } from "./until.ts";

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

interface StartOptions {
  readonly binary?: string;
  readonly flags?: readonly string[];
  /** Words before the command: `unshare -n`. */
  readonly prefix?: readonly string[];
  readonly inspectPort?: number;
}

/** Starts `node -e SOURCE`; SOURCE prints something once it is ready. */
export async function startNode(
  t: Pick<TestContext, "after">,
  source: string,
  options: StartOptions = {},
): Promise<NodeTarget> {
  const target = await spawnNode(t, source, options);
  await until(() => target.stdout() !== "", 60_000);
  return target;
}

/** The same, not waited for. */
export async function spawnNode(
  t: Pick<TestContext, "after">,
  source: string,
  options: StartOptions = {},
): Promise<NodeTarget> {
  const inspectPort = options.inspectPort ?? (await freePort());
  const binary = options.binary ?? process.execPath;
  const node = [binary, `--inspect-port=${inspectPort}`, ...(options.flags ?? [])];
  const [command, ...args] = [...(options.prefix ?? []), ...node, "-e", source];
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  t.after(() => end(child));
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text) => (stdout += text));
  child.stderr.on("data", (text) => (stderr += text));
  await once(child, "spawn");
  return { pid: child.pid ?? 0, child, inspectPort, stdout: () => stdout, stderr: () => stderr };
}

/**
 * Starts one that runs ECHO, and waits in its first moment, before Node's handler of SIGUSR1 stands: for its configuration of
 * OpenSSL, a fifo that is written by `goOn`.
 */
export async function startInFirstMoment(t: Pick<TestContext, "after">, binary = process.execPath) {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-starting-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const fifo = join(folder, "openssl.cnf");
  execFileSync("mkfifo", [fifo]);
  const target = await spawnNode(t, ECHO, { binary, flags: [`--openssl-config=${fifo}`] });
  const isAtFifo = () => readFileSync(`/proc/${target.pid}/wchan`, "utf8") === "wait_for_partner";
  await until(isAtFifo, 20_000);
  return { target, goOn: () => writeFileSync(fifo, "") };
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

export function startTimeOf(pid: number): string {
  const held = openProcess(pid);
  try {
    const startTime = readBasics(held)?.startTime;
    if (startTime === undefined) throw new Error("it has no start time");
    return startTime;
  } finally {
    held.close();
  }
}

/** Looks inside, through the engine itself. The folder of marks is removed with the test. */
export async function look(
  t: Pick<TestContext, "after">,
  pid: number,
  marks = marksFolder(t),
  awayMs?: number,
) {
  bundleRelay();
  const held = openProcess(pid);
  const stop = new AbortController();
  let inspected: Awaited<ReturnType<typeof inspect>> | undefined;
  t.after(async () => {
    await inspected?.leave();
    held.close();
  });
  inspected = await inspect({
    held,
    startTime: readBasics(held)?.startTime ?? "",
    marks,
    signal: stop.signal,
    limitMs: 10_000,
    awayMs,
    now: () => new Date().toISOString(),
  });
  return inspected;
}

export function marksFolder(t: Pick<TestContext, "after">): string {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-marks-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Ready at once, and says what it is told. */
export const ECHO = "process.stdin.on('data', (text) => process.stdout.write(text)); console.log('up');";

/** Its event loop, which runs ECHO, has come around twice: what a signal would have done is done. */
export async function cameAround({ child, stdout }: NodeTarget, limitMs = 20_000): Promise<void> {
  for (const round of ["first", "second"]) {
    const word = `${round}-${Math.random().toString(36).slice(2)}`;
    child.stdin?.write(`${word}\n`);
    await until(() => stdout().includes(word), limitMs);
  }
}

/** SIGUSR1 was neither taken, nor waits to be. */
export function gotNoSignal({ pid, stderr, stdout }: Pick<NodeTarget, "pid" | "stderr" | "stdout">): boolean {
  if (!existsSync(`/proc/${pid}`)) return false;
  const pending = /^ShdPnd:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
  const waits = ((BigInt(`0x${pending}`) >> 9n) & 1n) === 1n;
  return !waits && !/inspector|Debugger/.test(stderr()) && !/USR1/.test(stdout());
}
