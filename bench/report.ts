// How long the page of a very large bundle takes to make, and how large it is: 10,000 sockets, 2,000 threads, half an hour
// of samples. `npm run bench:report`. CPU time of this process, user and system; the median of rounds after two to warm up,
// and the first round, which is what a seal pays.
import { cpus, loadavg } from "node:os";
import type { Manifest } from "../src/bundle/manifest.ts";
import { readEvidence } from "../src/readings/evidence.ts";
import { renderReport } from "../src/report/page.ts";
import { record } from "./results.ts";
import { median } from "./statistics.ts";

const BEGAN = Date.parse("2026-11-22T03:12:07Z");
const ROUNDS = 15;
const [THREADS, SOCKETS, SECONDS, BUSY] = [2000, 10_000, 1800, 20];

const lines = (values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join("");
const usage = (second: number, tid: number) => ({
  at: new Date(BEGAN + second * 1000).toISOString(),
  elapsedMs: 1000,
  tid,
  name: tid % 3 === 0 ? `worker-${tid}` : `pool-${tid % 40}-thread-${tid}`,
  cpuPercent: (tid * second) % 90,
});
/** All threads every minute, the busy ones every second: 32 MB is the most that is read of one file. */
const usages = Array.from({ length: SECONDS }, (_, second) =>
  Array.from({ length: second % 60 === 59 ? THREADS : BUSY }, (__, tid) => usage(second + 1, tid + 1)),
).flat();
const FILES: Readonly<Record<string, string>> = {
  "threads/usage.jsonl": lines(usages),
  "threads/summary.json": JSON.stringify({ mainThread: 1, windowMs: SECONDS * 1000 }),
  "sockets/tcp.txt": "",
  "sockets/sockets.jsonl": lines(
    Array.from({ length: SOCKETS }, (_, inode) => ({
      protocol: "tcp",
      state: ["ESTABLISHED", "CLOSE_WAIT", "SYN_SENT"][inode % 3],
      local: `10.0.0.1:${inode % 2 === 0 ? 80 : 20_000 + inode}`,
      peer: `10.1.${inode % 250}.${Math.floor(inode / 250)}:${30_000 + inode}`,
      recvQueue: 0,
      sendQueue: 0,
      inode,
    })),
  ),
  "runtime/summary.json": JSON.stringify({
    method: "inspector",
    window_ms: SECONDS * 1000,
    gc: { share_pct: 40, count: 20 * SECONDS, max_pause_ms: 90 },
    routes: Array.from({ length: 200 }, (_, index) => ({
      kind: "server",
      "http.request.method": "GET",
      "http.route": `/route/${index}`,
      count: 1000,
      mean_ms: 12,
      p50_ms: 4,
      p95_ms: 90,
      p99_ms: 200,
      max_ms: 900,
    })),
    nodejs: { eventloop: { turned: true } },
  }),
  "runtime/gc.jsonl": lines(
    Array.from({ length: 20 * SECONDS }, (_, index) => ({
      time_unix_ms: BEGAN + index * 50,
      "v8js.gc.type": "minor",
      duration_ms: 20,
    })),
  ),
  "open-files/summary.json": JSON.stringify({
    open: 10_100,
    limit: 65_536,
    types: { socket: 10_000, file: 100 },
  }),
  "process/status.txt": "Name:\tx\nVmRSS:\t2000000 kB\nThreads:\t2000\n",
};

const HOST = {
  hostname: "cn14",
  os: "Linux",
  kernel: "6.1",
  architecture: "x64",
  bootId: "b",
  timezone: "UTC",
};
const reading = {
  id: "close-wait",
  collector: "sockets",
  text: "t".repeat(300),
  value: 1,
  unit: "count",
  line: "l".repeat(500),
  file: "evidence/sockets/tcp.txt",
};
const manifest: Manifest = {
  schemaVersion: 1,
  captureId: "20261122T031207Z-cn14-muskie_7-4f2a91",
  tool: { name: "exhibit", version: "0.1.0", settingsDigest: "x" },
  operator: { user: "kim", host: "cn14" },
  phase: "before",
  incidents: [],
  host: { ...HOST, cpus: 32, memoryBytes: 64e9 },
  placement: {},
  startedAt: "2026-11-22T03:12:07Z",
  state: "complete",
  finishedAt: "2026-11-22T03:42:07Z",
  sealedAt: "2026-11-22T03:42:09Z",
  durationMs: SECONDS * 1000,
  clock: { monotonicStartMs: 0 },
  identityChecks: [],
  collectors: [
    {
      name: "runtime",
      tool: "nhttpsnoop",
      status: "ok",
      startedAt: "2026-11-22T03:12:07Z",
      startedMonotonicMs: 0,
      commands: [],
      bytes: 1,
    },
  ],
  readings: Array.from({ length: 200 }, () => reading),
  redactions: [],
  files: Array.from({ length: 2000 }, (_, index) => ({
    path: `evidence/x/${index}.txt`,
    bytes: 1000,
    sha256: "5d".repeat(32),
    mediaType: "text/plain",
    sensitivity: "text",
    inZip: true,
  })),
};

async function cpuMs<T>(work: () => T | Promise<T>): Promise<{ readonly ms: number; readonly value: T }> {
  const start = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(start);
  return { ms: (user + system) / 1000, value };
}

const read = async (path: string) => {
  const text = FILES[path.slice("evidence/".length)];
  return text === undefined ? undefined : Buffer.from(text);
};
const parsed: number[] = [];
const made: number[] = [];
let bytes = 0;
for (let round = 0; round < ROUNDS; round++) {
  const evidence = await cpuMs(() => readEvidence(read, {}));
  const page = await cpuMs(() => renderReport(manifest, { evidence: evidence.value }));
  parsed.push(evidence.ms);
  made.push(page.ms);
  bytes = Buffer.byteLength(page.value);
}
const warm = (values: readonly number[]) => `${median(values.slice(2)).toFixed(0)} ms`;
record(
  "report",
  `${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}, ${SOCKETS} sockets, ${THREADS} threads, ${usages.length} intervals of threads in ${SECONDS / 60} min, ${20 * SECONDS} collections, 200 readings, 2000 files; CPU time`,
  [
    ["the page, made for the first time in a process", `${(made[0] ?? 0).toFixed(0)} ms`, "at most 300 ms"],
    [`the page, median of ${ROUNDS - 2} rounds`, warm(made), "at most 300 ms"],
    ["its size", `${(bytes / 1e6).toFixed(2)} MB`, "at most 1 MB"],
    [
      "reading the evidence, which the rules need anyway: first, median",
      `${(parsed[0] ?? 0).toFixed(0)} ms, ${warm(parsed)}`,
      "",
    ],
  ],
);
