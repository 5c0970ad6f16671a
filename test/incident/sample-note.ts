// A note for tests: the one of the documentation, and arbitrary ones full of hostile text.
import fc from "fast-check";
import type { Note } from "../../src/incident/note.ts";

/** What no line of a note may hold. */
export const CONTROL = /\p{Cc}|\p{Cs}|[\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

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

/** Text of a stranger: markup of every kind, controls, bidi, broken surrogates, long. */
export const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ..."`|```|````|*|**|_|#|# |- |+ |1. |> |<script>|</b>|<!--|-->|<!-- exhibit:x -->|[a](javascript:x)|![x](y)|~~~|---|===|&lt;|&|\\|||$$|{noformat}|<!channel>|@all|https://evil.test|www.evil.test|    ".split(
          "|",
        ),
        "\n",
        "\n\n# heading\n",
        "\n- item\n",
        "\n```\n",
        "\r\n",
        "\0",
        "\t",
        "\u001b[31m",
        "\u009b",
        "\u202e",
        "\u2028",
        "\ud800",
        "\u{e0041}",
        "é",
        "😀",
      ),
      fc.string({ maxLength: 20, unit: "binary" }),
      fc.string({ minLength: 300, maxLength: 3000 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

export const hostileNote: fc.Arbitrary<Note> = fc.record({
  captureId: fc.oneof(fc.constant(sampleNote.captureId), hostileText),
  target: hostileText,
  host: hostileText,
  incidents: fc.array(hostileText, { maxLength: 3 }),
  phase: fc.constantFrom("before", "after", "adhoc"),
  mitigation: maybe(fc.array(hostileText, { maxLength: 5 })),
  reason: maybe(hostileText),
  operator: hostileText,
  state: fc.constantFrom("complete", "partial", "interrupted"),
  stateReason: maybe(hostileText),
  answer: maybe(hostileText),
  comparison: maybe(hostileText),
  readings: fc.array(fc.record({ text: hostileText, line: maybe(hostileText), file: hostileText }), {
    maxLength: 5,
  }),
  bundle: fc.record({
    url: fc.oneof(
      hostileText,
      fc.constantFrom("javascript:alert(1)", "/var/lib/exhibit/archive/x", "s3://bucket/x"),
      hostileText.map((text) => `https://evidence.example.test/${text}`),
    ),
    uploaded: fc.boolean(),
    bytes: maybe(fc.nat()),
    manifestSha256: maybe(hostileText),
    keptUntil: maybe(hostileText),
    sealing: fc.array(hostileText, { maxLength: 3 }),
    fetch: maybe(hostileText),
  }),
  report: maybe(hostileText),
  startedAt: fc.oneof(fc.constant(sampleNote.startedAt), hostileText),
  finishedAt: fc.oneof(fc.constant(sampleNote.finishedAt), hostileText),
  pausedMs: maybe(fc.nat()),
  pausedFor: fc.array(hostileText, { maxLength: 4 }),
  collectors: fc.record({ ok: fc.nat(), total: fc.nat() }),
  missing: fc.array(
    fc.record({
      name: hostileText,
      status: fc.constantFrom("partial", "failed", "skipped", "unsupported"),
      reason: hostileText,
    }),
    { maxLength: 9 },
  ),
  outcome: maybe(
    fc.oneof(
      fc.record({ state: fc.constant("running" as const), startedAt: hostileText }),
      fc.record({ state: fc.constant("not-run" as const), reason: hostileText }),
      fc.record({
        state: fc.constant("ended" as const),
        startedAt: hostileText,
        durationMs: fc.nat(),
        exitCode: maybe(fc.nat(255)),
        signal: maybe(hostileText),
      }),
    ),
  ),
});
