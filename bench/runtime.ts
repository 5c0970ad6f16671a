// npm run bench:runtime: what it is to be looked into, on every version of Node that is there (npm test fetches them).
//   --attach N     times in and out under load, each version (300)
//   --disturb N    captures killed, and as many frozen, at random moments, on our own Node (50)
//   --only VERSIONS  comma-separated beginnings: 20,22
//   --parts NAMES  of gc,hooks,latency,requests,attach,snapshot,disturb (all)
//   --seconds N    window in which the GC share is compared with --trace-gc (6)
//   --windows N    such windows, each version (3)
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { attachRounds, disturbRounds } from "../test/helpers/inspect-rounds.ts";
import { allVersions } from "../test/helpers/node-versions.ts";
import { record } from "./results.ts";
import { cleanUp } from "./runtime/cleanup.ts";
import { compareGcShares } from "./runtime/gc-share.ts";
import { snapshotCost } from "./runtime/heap-snapshot.ts";
import { measureHooks } from "./runtime/hooks.ts";
import { addedLatency } from "./runtime/latency.ts";
import { compareRequests } from "./runtime/requests.ts";

const { values } = parseArgs({
  options: {
    attach: { type: "string", default: "300" },
    disturb: { type: "string", default: "50" },
    only: { type: "string", default: "" },
    parts: { type: "string", default: "gc,hooks,latency,requests,attach,snapshot,disturb" },
    seconds: { type: "string", default: "6" },
    windows: { type: "string", default: "3" },
  },
});
const CONDITIONS = `${availableParallelism()} cores, an HTTP service under light load`;
let failed = false;
/** Each row in the section of its part, with the load of its moment: the parts need not be run at once. */
const tell = (part: string, row: readonly [string, string, string]) => {
  const [what, measured, goal] = row;
  const load = loadavg()[0]?.toFixed(1) ?? "";
  record(`runtime -- --parts ${part}`, CONDITIONS, [[what, `${measured} (load ${load})`, goal]], {
    keeps: true,
  });
};
const parts = new Set(values.parts.split(","));
const wanted = allVersions().filter(({ version }) =>
  values.only.split(",").some((beginning) => version.startsWith(beginning)),
);
const show = (times: readonly number[]) => times.map((ms) => ms.toFixed(1)).join(", ");
for (const { version, binary } of wanted) {
  process.stderr.write(`Node ${version}\n`);
  if (parts.has("gc")) {
    const shares = await compareGcShares(binary, {
      seconds: Number(values.seconds),
      windows: Number(values.windows),
    });
    const windows = shares.map(({ ours, traced }) => `${ours.toFixed(2)}, ${traced.toFixed(2)} %`);
    const most = (of: (share: (typeof shares)[number]) => number) => Math.max(...shares.map(of)).toFixed(2);
    const steps = shares.map(({ steps: { known, majors } }) => `${known} of ${majors}`).join(", ");
    const name = `${version}: GC share by us, by --trace-gc, in windows of ${values.seconds} s`;
    const apart = most(({ ours, traced }) => Math.abs(ours - traced));
    const without = most(({ pausesOnly, traced }) => Math.abs(pausesOnly - traced));
    const text = `${windows.join("; ")}: ${apart} apart at most, ${without} without steps; steps known of ${steps}`;
    tell("gc", [name, text, "within 1.0"]);
    failed ||= !(Number(apart) <= 1);
  }
  if (parts.has("hooks")) {
    const ns = measureHooks(binary);
    tell("hooks", [`${version}: hooks, a request`, `${(ns / 1000).toFixed(2)} µs`, "<= 2 µs"]);
  }
  if (parts.has("latency")) {
    const name = `${version}: longest latency added by attaching, 400 requests/s`;
    tell("latency", [name, `${(await addedLatency(binary)).toFixed(1)} ms`, "<= 20 ms"]);
  }
  if (parts.has("requests")) {
    const { counts, areEqual, ours, theirs } = await compareRequests(binary);
    failed ||= !areEqual;
    const text = `${counts}; p50 and p95 ${show(ours)} ms, ${show(theirs)} ms`;
    tell("requests", [
      `${version}: requests by us, by the load generator`,
      text,
      "equal; within 10 % or 1 ms",
    ]);
  }
  if (parts.has("attach")) {
    const attached = await attachRounds(Number(values.attach), binary);
    for (const problem of attached.problems) process.stderr.write(`${problem}\n`);
    failed ||= attached.deaths > 0 || attached.leftBehind > 0;
    const text = `${attached.inside} of ${attached.rounds}; ${attached.deaths} deaths, ${attached.leftBehind} ports left`;
    tell("attach", [`${version}: times in and out under load`, text, "0 deaths"]);
  }
}
const SNAPSHOTS = [
  ["small objects", 300],
  ["small objects", 1300],
  ["small objects", 3300],
  ["long texts", 900],
] as const;
for (const { version, binary } of parts.has("snapshot") ? wanted : [])
  for (const [kind, thousands] of SNAPSHOTS) {
    const cost = await snapshotCost(binary, kind, thousands);
    failed ||= !cost.isWithin;
    const text =
      `${(cost.pausedMs / 1000).toFixed(1)} s (${(cost.pausedMs / 1000 / cost.usedMib).toFixed(3)} s each MiB), told ${(cost.priceMs / 1000).toFixed(1)} s; ` +
      `${cost.memoryTimes.toFixed(1)} times the heap in memory, ${cost.fileTimes.toFixed(1)} in the file`;
    tell("snapshot", [
      `${version}: heap snapshot, ${Math.round(cost.usedMib)} MiB of ${kind}`,
      text,
      "not above what was told",
    ]);
  }
const ways = [
  ["SIGKILL", "killed"],
  ["SIGSTOP", "frozen"],
] as const;
for (const [how, what] of parts.has("disturb") ? ways : []) {
  const result = await disturbRounds(Number(values.disturb), how, { beside: 2 });
  for (const problem of result.problems) process.stderr.write(`${problem}\n`);
  failed ||= result.deaths > 0 || result.leftBehind > 0;
  tell("disturb", [
    `captures ${what} at a random moment`,
    `${result.rounds}, ${result.inside} of them inside; ${result.deaths} deaths, ${result.leftBehind} with something left, ` +
      `longest stall ${Math.round(result.longestStallMs)} ms more than beside, gone after ${Math.round(result.longestGoneMs)} ms at most` +
      (result.closedByNext === 0 ? "" : `, but for ${result.closedByNext} that the next capture closed`),
    "0 deaths, nothing left, no stall > 1 s, 6 s",
  ]);
}
await cleanUp();
process.exit(failed ? 1 : 0);
