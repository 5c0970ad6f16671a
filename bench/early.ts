// npm run bench:early: how soon the evidence of a finished collector can be read in the store, seen from outside, while
// the same capture goes on to its core; against a real Ceph RADOS gateway on this machine.
//
//   npm run bench:early -- --rounds 5
import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { openSandbox } from "../test/helpers/exhibit.ts";
import { startTestStore } from "../test/helpers/s3-store.ts";
import { record } from "./results.ts";
import { median, percentile } from "./statistics.ts";

const BUCKET = "early-bench";
const LOOK_EVERY_MS = 25;
const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const rounds = Number(values.rounds);
const store = await startTestStore(BUCKET);
// 400 MB that look like a heap: the core takes a while.
const heap =
  "globalThis.kept = Array.from({length: 400_000}, (_, i) => ({i, text: `object ${i}`.padEnd(900)})); setInterval(() => JSON.stringify(kept.slice(0, 500)), 50); console.log('up')";
const target = spawn(process.execPath, ["--max-old-space-size=2000", "-e", heap], {
  stdio: ["ignore", "pipe", "inherit"],
});
await once(target.stdout, "data");
process.on("exit", () => target.kill("SIGKILL"));

interface Round {
  /** From the end of a collector until its last file can be read, in ms. */
  readonly lags: readonly number[];
  readonly collectors: number;
  readonly beforeCoreEnded: number;
  readonly coreMs: number;
}

/** When each key was first seen, in ms since the epoch. */
async function watch(prefix: string, until: Promise<unknown>): Promise<ReadonlyMap<string, number>> {
  const seen = new Map<string, number>();
  const over = new AbortController();
  void until.then(() => over.abort());
  while (!over.signal.aborted) {
    const { Contents = [] } = await store.outside.listObjectsV2({ Bucket: BUCKET, Prefix: prefix });
    const now = Date.now();
    for (const { Key = "" } of Contents) if (!seen.has(Key)) seen.set(Key, now);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return seen;
}

async function runRound(index: number): Promise<Round> {
  const settings = store.settings();
  const prefix = `round-${index}/`;
  const box = openSandbox(
    "",
    `, evidence: ${JSON.stringify({ ...settings, url: `s3://${BUCKET}/${prefix}` })}`,
  );
  try {
    const child = box.start([
      "capture",
      "--pid",
      String(target.pid),
      "--to",
      "evidence",
      "--no-note",
      "-b",
      "60s",
    ]);
    const seen = await watch(prefix, once(child, "exit"));
    const { collectors } = box.manifest();
    const core = collectors.find(({ name }) => name === "core");
    const coreEndedMs = Date.parse(core?.endedAt ?? "");
    const lags: number[] = [];
    let beforeCoreEnded = 0;
    for (const { name, endedAt } of collectors) {
      if (endedAt === undefined || name === "core") continue;
      const times = [...seen].flatMap(([key, at]) => (key.includes(`/evidence/${name}/`) ? [at] : []));
      if (times.length === 0) continue;
      const there = Math.max(...times);
      lags.push(there - Date.parse(endedAt));
      if (there < coreEndedMs) beforeCoreEnded += 1;
    }
    return { lags, collectors: lags.length, beforeCoreEnded, coreMs: core?.durationMs ?? Number.NaN };
  } finally {
    box.remove();
  }
}

const done: Round[] = [];
for (let index = 0; index < rounds; index++) {
  done.push(await runRound(index));
  process.stderr.write(`round ${index + 1} of ${rounds}: ${JSON.stringify(done.at(-1))}\n`);
}
await store.stop();
target.kill("SIGKILL");
const lags = done.flatMap((round) => round.lags);
const sum = (values_: readonly number[]) => values_.reduce((one, other) => one + other, 0);
record(
  "early",
  `${availableParallelism()} cores, Node ${process.version}, profile before-restart on a Node target of 400 MB, ${rounds} rounds, Ceph RADOS gateway on the same machine`,
  [
    ["collectors, the core aside", String(lags.length), ""],
    [
      "end of a collector to its files being readable in the store, median",
      `${Math.round(median(lags))} ms`,
      "",
    ],
    ["the same, p95", `${Math.round(percentile(lags, 0.95))} ms`, ""],
    ["the same, largest", `${Math.round(Math.max(...lags))} ms`, "<= 2000 ms"],
    [
      "readable before the core was taken",
      `${sum(done.map((round) => round.beforeCoreEnded))} of ${sum(done.map((round) => round.collectors))}`,
      "all",
    ],
    ["how long the core took, median", `${Math.round(median(done.map((round) => round.coreMs)))} ms`, ""],
  ],
);
process.exit(Math.max(...lags) <= 2000 ? 0 : 1);
