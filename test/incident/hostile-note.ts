// Notes for tests that are full of hostile text.
import fc from "fast-check";
import type { Note } from "../../src/incident/note.ts";
import { CODE_POINT } from "../helpers/code-point.ts";
import { sampleNote } from "./sample-note.ts";

/** What no line of a note may hold. */
export const CONTROL = /\p{Cc}|\p{Cs}|[\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

/** As long as no format takes it whole: a few characters, repeated. To draw each of hundreds costs more than what is tested. */
const longText = fc
  .tuple(fc.string({ minLength: 20, maxLength: 60 }), fc.constantFrom(300, 305, 310, 320, 330, 3000))
  .map(([text, length]) => text.repeat(Math.ceil(length / text.length)).slice(0, length));

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
      fc.string({ maxLength: 20, unit: CODE_POINT }),
      longText,
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
