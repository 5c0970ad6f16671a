// What --json prints for guard and capture: published under schema/, and the types of their results. What is unknown is
// absent, never zero.
import { z } from "zod";
import { ComparisonRecord } from "../../bundle/comparison-record.ts";
import { Outcome } from "../../bundle/after-seal.ts";
import { CaptureId, CollectorRecord, Manifest, ReadingRecord, Target } from "../../bundle/manifest.ts";

/** What became of an upload. */
export const UploadResult = z.strictObject({
  state: z
    .enum(["uploaded", "present", "waiting", "not-asked"])
    .describe("present: the store had all of it already; waiting: `exhibit push` sends it"),
  url: z.string().optional().describe("where the store has it"),
  reason: z.string().optional().describe("why it waits"),
});
export type UploadResult = z.infer<typeof UploadResult>;

/** What became of the note on one incident. */
export const NoteResult = z.strictObject({
  incident: z.string(),
  state: z
    .enum(["posted", "updated", "present", "waiting", "failed"])
    .describe(
      "present: it was there already; waiting: `exhibit push` posts it; failed: trying again cannot help",
    ),
  where: z.string().optional(),
  reason: z.string().optional(),
});
export type NoteResult = z.infer<typeof NoteResult>;

/** One capture that left a bundle. */
export const SavedCapture = z.strictObject({
  saved: z.literal(true),
  captureId: CaptureId,
  state: z
    .enum([...Manifest.shape.state.options, "unsealed"])
    .describe("unsealed: the evidence is on disk, and the next command seals it"),
  path: z.string().describe("the bundle's folder on this host"),
  collectors: z.array(CollectorRecord),
  readings: z.array(ReadingRecord),
  comparison: ComparisonRecord.optional(),
  pausedMs: Manifest.shape.pausedMs,
  upload: UploadResult,
  notes: z.array(NoteResult),
  problem: z.string().optional().describe("why it could not be sealed"),
  unsigned: z.string().optional().describe("why it is not signed, when the settings ask for it"),
});
export type SavedCapture = z.infer<typeof SavedCapture>;

const NothingSaved = z.strictObject({
  saved: z.literal(false),
  pid: Target.shape.pid.optional().describe("absent when no process was found"),
  reason: z.string(),
});

export const OneCapture = z.discriminatedUnion("saved", [SavedCapture, NothingSaved]);

/** exhibit capture --json */
export const CaptureResult = z.strictObject({
  captures: z.array(OneCapture).describe("one for each process, in the order they were found"),
});
export type CaptureResult = z.infer<typeof CaptureResult>;

/** exhibit guard --json */
export const GuardResult = z.strictObject({
  capture: OneCapture,
  command: Outcome.omit({ schemaVersion: true, captureId: true }).describe("what became of COMMAND"),
  after: z
    .strictObject({
      verdict: ComparisonRecord.shape.verdict,
      text: z.string(),
      capture: OneCapture,
    })
    .optional()
    .describe("what was different, with --after"),
});
export type GuardResult = z.infer<typeof GuardResult>;

const PlannedCollector = z.strictObject({
  name: z.string(),
  tool: z.string(),
  touch: z.enum(["none", "brief", "stop", "inside"]),
  runs: z.boolean(),
  reason: z.string().optional().describe("why it will not run"),
  estimate: z.strictObject({ timeMs: z.number(), pauseMs: z.number(), sizeBytes: z.number() }),
  needs: z.array(z.string()).describe("commands of this host"),
});

/** exhibit guard --dry-run --json, exhibit capture --dry-run --json */
export const PlanResult = z.strictObject({
  plans: z.array(
    z.strictObject({
      target: Target,
      careful: z.array(z.string()).describe("why nothing may stop this target; empty for most"),
      budgetMs: z.number(),
      maxPauseMs: z.number(),
      windowMs: z.number().describe("how long samplers look"),
      collectors: z.array(PlannedCollector),
      spool: z.string().describe("where it is written on this host"),
      store: z.string().optional().describe("where it is sent; absent with --no-upload"),
      notes: z.array(z.strictObject({ incident: z.string(), record: z.string(), where: z.string() })),
      command: z.array(z.string()).optional().describe("what guard would run then"),
    }),
  ),
});
export type PlanResult = z.infer<typeof PlanResult>;
