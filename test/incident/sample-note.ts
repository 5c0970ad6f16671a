// A note for tests: the one of the documentation.
import type { Note } from "../../src/incident/note.ts";

export const sampleNote: Note = {
  captureId: "20261122T031207Z-cn14-muskie_7-4f2a91",
  target: "muskie@7",
  host: "us-east-cn14",
  incidents: ["INC-4211"],
  phase: "before",
  mitigation: ["systemctl", "restart", "muskie@7"],
  reason: "Latency 4x since 02:55Z, about to restart",
  operator: "kim",
  state: "partial",
  stateReason: undefined,
  answer: "Something speaks for a restart: what is wrong is kept in this process.",
  comparison: undefined,
  readings: [
    {
      text: "812 sockets in CLOSE-WAIT to 10.2.7.31:2021; its twin 10.2.7.32 has 6.",
      line: 'CLOSE-WAIT 1 0 10.2.3.17:41822 10.2.7.31:2021 users:(("node",pid=24113,fd=811))',
      file: "evidence/sockets/ss.txt",
    },
    {
      text: "1,295 of 2,048 file descriptors open, +41 in 20 s.",
      line: undefined,
      file: "evidence/open-files/fds.txt",
    },
  ],
  bundle: {
    url: "https://evidence.example.test/b/20261122T031207Z-cn14-muskie_7-4f2a91",
    uploaded: true,
    bytes: 152_000_000,
    manifestSha256: "5d0c41aa9e0bfe1c5d0c41aa9e0bfe1c5d0c41aa9e0bfe1c5d0c41aa9e0bfe1c",
    keptUntil: "2027-02-20T00:00:00Z",
    sealing: [],
    fetch: undefined,
  },
  report: "https://evidence.example.test/b/20261122T031207Z-cn14-muskie_7-4f2a91/report.html",
  startedAt: "2026-11-22T03:12:07.120Z",
  finishedAt: "2026-11-22T03:12:33.480Z",
  pausedMs: 3400,
  pausedFor: ["core"],
  collectors: { ok: 9, total: 10 },
  missing: [{ name: "stacks", status: "failed", reason: "needs CAP_SYS_ADMIN" }],
  outcome: {
    state: "ended",
    startedAt: "2026-11-22T03:12:33.600Z",
    durationMs: 2100,
    exitCode: 0,
    signal: undefined,
  },
};
