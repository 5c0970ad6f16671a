// What is known of a bundle only once it is sealed, and so lies beside it: what the mitigation did, and who has the bundle.
import { z } from "zod";
import { CaptureId, Count, Instant, SCHEMA_VERSION } from "./manifest.ts";
import { StoreConfirmation } from "./store-confirmation.ts";

/** outcome.json: what became of the mitigation. Told after the seal, so no part of the sealed bundle. */
export const Outcome = z.strictObject({
  schemaVersion: z.literal(SCHEMA_VERSION),
  captureId: CaptureId,
  argv: z.array(z.string()),
  startedAt: Instant.optional(),
  endedAt: Instant.optional(),
  durationMs: z.number().nonnegative().optional(),
  exitCode: z.number().int().optional(),
  signal: z.string().optional(),
  notStarted: z.string().optional().describe("why COMMAND was not run"),
  targetGone: z.boolean().optional().describe("whether the captured process had ended when COMMAND returned"),
});
export type Outcome = z.infer<typeof Outcome>;

/** The receipt beside a bundle in the spool: what stores and incident records confirmed. */
export const Receipt = z.strictObject({
  schemaVersion: z.literal(SCHEMA_VERSION),
  captureId: CaptureId,
  uploads: z.array(
    z.strictObject({
      store: z.string(),
      url: z.string(),
      manifestSha256: z.string(),
      files: Count,
      bytes: Count,
      confirmedAt: Instant,
      found: StoreConfirmation.optional().describe("what the store really did, read back"),
    }),
  ),
  notes: z.array(
    z.strictObject({
      incident: z.string(),
      record: z.string().describe("the kind of record: file, jira, rt, ..."),
      where: z.string(),
      postedAt: Instant,
      state: z.enum(["posted", "waiting", "failed"]),
      reason: z.string().optional(),
      withOutcome: z.boolean().describe("whether the note told what the mitigation did"),
      stage: z.int().min(0).max(5).optional().describe("how much the note that is there tells"),
      sentAt: Instant.optional().describe("when it was sent without an answer: it may be there"),
      retryAt: Instant.optional().describe("the record asked to be left alone until then"),
    }),
  ),
});
export type Receipt = z.infer<typeof Receipt>;
