import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../src/bundle/after-seal.ts";
import { Manifest, Target, type CollectorRecord } from "../../src/bundle/manifest.ts";
import { buildNote } from "../../src/incident/build-note.ts";

const captureId = "20261122T031207Z-cn14-muskie_7-4f2a91";

function collector(name: string, facts: Partial<CollectorRecord> = {}): CollectorRecord {
  return { name, tool: name, status: "ok", commands: [], bytes: 1, ...facts };
}

const manifest = Manifest.parse({
  schemaVersion: 1,
  captureId,
  tool: { name: "exhibit", version: "0.1.0", settingsDigest: "x" },
  operator: { user: "root", sudoUser: "kim", host: "cn14" },
  reason: "slow",
  phase: "before",
  mitigation: { argv: ["systemctl", "restart", "muskie@7"] },
  incidents: ["INC-4211"],
  target: {
    kind: "systemd",
    asked: "muskie@7",
    pid: 24113,
    startTime: "1000",
    bootId: "b",
    command: "node",
    service: "muskie@7.service",
    runtime: { name: "node" },
  },
  host: {
    hostname: "cn14",
    os: "x",
    kernel: "x",
    architecture: "x64",
    bootId: "b",
    cpus: 2,
    memoryBytes: 1,
    timezone: "UTC",
  },
  placement: {},
  profile: "before-restart",
  budgetMs: 30_000,
  maxPauseMs: 10_000,
  startedAt: "2026-11-22T03:12:07Z",
  state: "partial",
  finishedAt: "2026-11-22T03:12:33Z",
  sealedAt: "2026-11-22T03:12:34Z",
  durationMs: 26_000,
  pausedMs: 3400,
  clock: { monotonicStartMs: 0 },
  identityChecks: [],
  collectors: [
    collector("process"),
    collector("stacks", { status: "failed", reason: "needs CAP_SYS_ADMIN", observedPauseMs: 20 }),
    collector("core", { status: "partial", observedPauseMs: 3380 }),
    collector("logs", { status: "skipped", reason: "--skip logs", byChoice: true }),
  ],
  readings: Array.from({ length: 7 }, (_, index) => ({
    id: `r${index}`,
    collector: "process",
    text: `reading ${index}`,
    value: index,
    unit: "count",
    file: "evidence/process/x.txt",
  })),
  redactions: [],
  files: [
    {
      path: "evidence/process/x.txt",
      bytes: 10,
      sha256: "0".repeat(64),
      mediaType: "text/plain",
      sensitivity: "text",
      inZip: true,
    },
    {
      path: "bundle.zip",
      bytes: 7,
      sha256: "0".repeat(64),
      mediaType: "application/zip",
      sensitivity: "none",
      inZip: false,
    },
  ],
} satisfies Manifest);

const outcome: Outcome = { schemaVersion: 1, captureId, argv: ["systemctl", "restart", "muskie@7"] };

test("buildNote picks the facts of the manifest", () => {
  const note = buildNote({ manifest, url: "/var/lib/exhibit/spool/x/", manifestSha256: "ab" });

  const { readings, ...facts } = note;
  assert.deepEqual(
    readings.map(({ text }) => text),
    [0, 1, 2, 3, 4].map((index) => `reading ${index}`),
  );
  assert.deepEqual(facts, {
    captureId,
    target: "muskie@7",
    host: "cn14",
    incidents: ["INC-4211"],
    phase: "before",
    mitigation: ["systemctl", "restart", "muskie@7"],
    reason: "slow",
    operator: "kim",
    state: "partial",
    stateReason: undefined,
    answer: undefined,
    comparison: undefined,
    bundle: {
      url: "/var/lib/exhibit/spool/x/",
      uploaded: false,
      bytes: 10,
      manifestSha256: "ab",
      keptUntil: undefined,
      sealing: [],
      fetch: undefined,
    },
    report: "/var/lib/exhibit/spool/x/report.html",
    startedAt: "2026-11-22T03:12:07Z",
    finishedAt: "2026-11-22T03:12:33Z",
    pausedMs: 3400,
    pausedFor: ["core", "stacks"],
    collectors: { ok: 1, total: 3 },
    missing: [
      { name: "stacks", status: "failed", reason: "needs CAP_SYS_ADMIN" },
      { name: "core", status: "partial", reason: "no reason was recorded" },
    ],
    outcome: undefined,
  });
});

test("a process without a service is told by its name, pid and container", () => {
  const { service: _service, ...target } = Target.parse(manifest.target);

  assert.equal(buildNote({ manifest: { ...manifest, target }, url: "/x" }).target, "node (pid 24113)");
  assert.equal(
    buildNote({
      manifest: { ...manifest, target: { ...target, containerId: "0123456789abcdef" } },
      url: "/x",
    }).target,
    "node (pid 24113) in container 0123456789ab",
  );
});

test("what is not known is not zero", () => {
  const { pausedMs: _pausedMs, ...rest } = manifest;

  const note = buildNote({ manifest: { ...rest, files: [] }, url: "/x" });

  assert.deepEqual(
    [note.pausedMs, note.bundle.bytes, note.bundle.manifestSha256],
    [undefined, undefined, undefined],
  );
});

test("an outcome is running, ended or not run", () => {
  const startedAt = "2026-11-22T03:12:33Z";
  const told = (more: Partial<Outcome>) =>
    buildNote({ manifest, url: "/x", outcome: { ...outcome, ...more } }).outcome;

  assert.deepEqual(buildNote({ manifest, url: "/x", running: { startedAt } }).outcome, {
    state: "running",
    startedAt,
  });
  assert.deepEqual(told({ startedAt }), { state: "running", startedAt });
  assert.deepEqual(told({ notStarted: "no" }), { state: "not-run", reason: "no" });
  assert.deepEqual(told({ startedAt, durationMs: 5, exitCode: 0 }), {
    state: "ended",
    startedAt,
    durationMs: 5,
    exitCode: 0,
    signal: undefined,
  });
  assert.deepEqual(told({ startedAt, endedAt: "2026-11-22T03:12:35Z", signal: "SIGKILL" }), {
    state: "ended",
    startedAt,
    durationMs: 2000,
    exitCode: undefined,
    signal: "SIGKILL",
  });
  assert.equal(told({}), undefined);
});

test("whether anything speaks for a restart is said where all that matters was looked at, or something does", () => {
  const all = ["process", "threads", "sockets", "open-files"].map((name) => collector(name));
  const reading = { ...manifest.readings[0], sureness: "likely" as const };
  const answer = (more: Partial<Manifest>) =>
    buildNote({ manifest: { ...manifest, readings: [], ...more }, url: "/x" }).answer;

  assert.equal(answer({ collectors: all }), "Nothing speaks for a restart.");
  assert.match(
    answer({
      collectors: all,
      readings: Manifest.shape.readings.parse([{ ...reading, speaksFor: "not-restart" }]),
    }) ?? "",
    /^Nothing speaks for a restart: .* outside of this process/,
  );
  assert.match(
    answer({ readings: Manifest.shape.readings.parse([{ ...reading, speaksFor: "restart" }]) }) ?? "",
    /^Something speaks for a restart/,
  );
  assert.equal(answer({}), undefined);
  assert.match(
    answer({ collectors: [...all.slice(1), collector("process", { status: "failed", bytes: 0 })] }) ?? "",
    /^Cannot tell .*not seen: process/,
  );
  assert.equal(answer({ made: "run", collectors: all }), undefined);
});
