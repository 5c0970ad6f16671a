// A manifest, and the evidence beside it, in which every free text is made by whoever asks.
import type { CollectorRecord, Manifest } from "../../src/bundle/manifest.ts";
import { evidenceFrom } from "../helpers/evidence.ts";

export const captureId = "20261122T031207Z-cn14-muskie_7-4f2a91";

/** A manifest in which every free text is made by `say`. */
export function manifestOf(say: () => string): Manifest {
  const collector = (name: string, facts: Partial<CollectorRecord> = {}): CollectorRecord => ({
    name,
    tool: say(),
    status: "ok",
    touch: "none",
    startedAt: "2026-11-22T03:12:07Z",
    startedMonotonicMs: 120,
    durationMs: 20_000,
    commands: [],
    bytes: 118_000,
    ...facts,
  });
  return {
    schemaVersion: 1,
    captureId,
    tool: { name: "exhibit", version: say(), settingsDigest: say() },
    operator: { user: say(), host: say() },
    reason: say(),
    phase: "before",
    mitigation: { argv: ["systemctl", "restart", say()] },
    incidents: [say()],
    target: {
      kind: "systemd",
      asked: say(),
      pid: 24113,
      startTime: "1000",
      bootId: "b",
      command: say(),
      executable: say(),
      service: say(),
      runtime: { name: "node", version: say() },
    },
    host: {
      hostname: say(),
      os: say(),
      kernel: say(),
      architecture: "x64",
      bootId: "b",
      cpus: 2,
      memoryBytes: 1,
      timezone: "UTC",
    },
    placement: {},
    profile: say(),
    budgetMs: 30_000,
    maxPauseMs: 10_000,
    store: say(),
    startedAt: "2026-11-22T03:12:07Z",
    state: "partial",
    stateReason: say(),
    finishedAt: "2026-11-22T03:12:33Z",
    sealedAt: "2026-11-22T03:12:34Z",
    durationMs: 26_400,
    pausedMs: 3400,
    clock: { monotonicStartMs: 0 },
    identityChecks: [],
    collectors: [
      collector(say()),
      collector("sockets", { durationMs: 600, bytes: 212_000 }),
      collector("stacks", {
        status: "failed",
        reason: say(),
        touch: "brief",
        startedMonotonicMs: 1500,
        durationMs: 40,
      }),
      collector("core", {
        touch: "stop",
        startedMonotonicMs: 20_500,
        durationMs: 5700,
        observedPauseMs: 3400,
        method: say(),
      }),
      { name: "runtime", tool: say(), status: "skipped", reason: say(), commands: [], bytes: 0 },
    ],
    readings: [
      {
        id: "a",
        collector: "sockets",
        text: say(),
        value: 812,
        unit: "count",
        line: say(),
        file: "evidence/sockets/ss.txt",
        question: say(),
        next: say(),
        sureness: "likely",
        speaksFor: "restart",
      },
      { id: "b", collector: "sockets", text: say(), value: 1, unit: "count", file: say() },
    ],
    comparison: {
      with: say(),
      verdict: "not-fixed",
      text: say(),
      vitals: [
        { id: "gc-share", label: say(), unit: "percent", before: 41, after: 0.3 },
        { id: "memory-growing", label: say(), unit: "bytes", before: 2_500_000_000 },
      ],
      gone: ["gc-share"],
      stayed: [],
      appeared: [],
      unseen: [],
    },
    redactions: [{ file: "evidence/logs/journal.txt", rule: say(), count: 12 }],
    files: [
      {
        path: "evidence/sockets/ss.txt",
        bytes: 212_000,
        sha256: "5d".repeat(32),
        mediaType: "text/plain",
        sensitivity: "text",
        inZip: true,
      },
      {
        path: "evidence/core/core.24113.zst",
        bytes: 155_189_004,
        sha256: "0b".repeat(32),
        mediaType: "application/zstd",
        sensitivity: "core",
        inZip: false,
      },
    ],
  };
}

const json = (values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join("");

const at = (second: number) => `2026-11-22T03:12:${String(8 + second).padStart(2, "0")}.000Z`;

/** Two threads for 4 s, three requests, four collections, five sockets, and a host. */
export function evidenceOf(say: () => string) {
  const names = [`a${say()}`, `b${say()}`];
  const usage = [0, 1, 2, 3].flatMap((second) =>
    names.map((name, index) => ({
      at: at(second),
      elapsedMs: 1000,
      tid: 42 + index,
      name,
      cpuPercent: 90 - 50 * index,
    })),
  );
  const route = (kind: string) => ({
    kind,
    "http.request.method": say(),
    "http.route": say(),
    "error.type": say(),
    "server.address": say(),
    count: 3,
    mean_ms: 20,
    p50_ms: 4,
    p95_ms: 80,
    p99_ms: 90,
    max_ms: 95,
  });
  const socket = (index: number, state: string) => ({
    protocol: "tcp",
    state,
    local: "10.0.0.1:50000",
    peer: `${index}${say()}:80`,
    recvQueue: 0,
    sendQueue: 0,
    inode: 100 + index,
  });
  const began = Date.parse("2026-11-22T03:12:07Z");
  const tcpState = `t${say()}`;
  return evidenceFrom({
    "threads/usage.jsonl": json(usage),
    "threads/summary.json": { mainThread: 42, windowMs: 4000 },
    "threads/process.jsonl": json([
      { monotonicMs: 0, residentBytes: 1_000_000, descriptors: 10 },
      { monotonicMs: 4000, residentBytes: 2_000_000, descriptors: 51 },
    ]),
    "runtime/summary.json": {
      method: "inspector",
      window_ms: 4000,
      gc: { share_pct: 25, count: 4, max_pause_ms: 400 },
      routes: [route("server"), route("client")],
      inflight: [{ method: say(), route: say(), age_ms: 900 }],
      inflight_count: 1,
      nodejs: { eventloop: { turned: true } },
      heap: { used_bytes: 900_000, limit_bytes: 1_000_000 },
    },
    "runtime/gc.jsonl": json(
      [100, 200, 300, 400].map((ms, index) => ({
        time_unix_ms: began + index * 1000,
        "v8js.gc.type": say(),
        duration_ms: ms,
      })),
    ),
    "sockets/tcp.txt": "",
    "sockets/sockstat.txt": "sockets: used 9\nTCP: inuse 5 orphan 0 tw 1904 alloc 8 mem 1\n",
    "sockets/sockets.jsonl": json([
      socket(1, "ESTABLISHED"),
      socket(2, "CLOSE_WAIT"),
      socket(3, say()),
      { ...socket(4, "LISTEN"), peer: undefined },
      { protocol: `u${say()}`, inode: 9 },
    ]),
    "open-files/summary.json": { open: 51, limit: 1024, types: { [`s${say()}`]: 40, [`f${say()}`]: 8 } },
    "open-files/filesystems.json": {
      filesystems: [
        {
          type: say(),
          path: say(),
          what: say(),
          isWritten: true,
          sizeBytes: 1000,
          freeBytes: 10,
          availableBytes: 10,
          inodes: 0,
          freeInodes: 0,
        },
      ],
    },
    "process/status.txt": `Name:\tx\nVmRSS:\t  2000 kB\nRssAnon:\t  1500 kB\nThreads:\t2\n`,
    "recorder/process.jsonl": json(
      [0, 1, 2, 3, 9, 10].flatMap((second) => [
        {
          kind: "process",
          at: at(second),
          upMs: 5000 + second * 1000,
          cpuMs: second * 400,
          residentBytes: 1e6,
          threads: 2,
        },
        {
          kind: "deep",
          at: at(second),
          upMs: 5000 + second * 1000,
          descriptors: 51,
          sockets: { [tcpState]: 4, CLOSE_WAIT: 2 },
        },
      ]),
    ),
    "host/first-loadavg.txt": "1.50 1.00 0.50 1/200 99\n",
    "host/first-pressure-cpu.txt": "some avg10=23.00 avg60=1.00 avg300=0.00 total=99\n",
    "host/first-meminfo.txt": "MemTotal: 4000 kB\nMemAvailable: 1000 kB\n",
  });
}
