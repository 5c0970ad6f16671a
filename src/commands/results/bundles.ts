// What --json prints for the commands that work with bundles: published under schema/, and the types of their results.
// What is unknown is absent, never zero.
import { z } from "zod";
import { CaptureId, Manifest, Outcome, Receipt } from "../../bundle/manifest.ts";
import { NoteResult, UploadResult } from "./captures.ts";

const Instant = z.iso.datetime();
const Count = z.int().nonnegative();

/** exhibit ls --json */
export const LsResult = z.strictObject({
  bundles: z
    .array(
      z.strictObject({
        captureId: z.string().describe("for a damaged one, the name of its folder"),
        state: z
          .enum([...Manifest.shape.state.options, "capturing", "unsealed", "damaged"])
          .describe("capturing: its process still runs; unsealed: it could not be sealed yet"),
        reason: z.string().optional().describe("why it is damaged or not sealed"),
        incidents: z.array(z.string()),
        target: z.string().optional().describe("the service, else the command"),
        startedAt: Instant.optional(),
        path: z.string(),
        sizeBytes: Count.describe("of all files in it"),
        upload: z.enum(["uploaded", "waiting", "not-asked"]).optional().describe("absent when unknown"),
        url: z.string().optional(),
        note: z.enum(["posted", "waiting", "not-asked"]).optional().describe("absent when unknown"),
      }),
    )
    .describe("oldest first"),
});
export type LsResult = z.infer<typeof LsResult>;

/** exhibit ls --store --json */
export const LsStoreResult = z.strictObject({
  store: z.string().describe("its name in the settings"),
  bundles: z
    .array(
      z.strictObject({
        captureId: z.string(),
        incident: z.string().optional().describe("the first, as it is in the key; absent when it had none"),
        host: z.string(),
        storedAt: Instant.optional(),
        url: z.string(),
      }),
    )
    .describe("oldest first"),
});
export type LsStoreResult = z.infer<typeof LsStoreResult>;

/** exhibit push --json */
export const PushResult = z.strictObject({
  pushed: z.array(
    z.strictObject({ captureId: z.string(), upload: UploadResult, notes: z.array(NoteResult) }),
  ),
});
export type PushResult = z.infer<typeof PushResult>;

/** exhibit note --json, with or without --to */
export const NoteCommandResult = z.strictObject({
  captureId: CaptureId,
  url: z.string().describe("the address that the note names"),
  text: z.string(),
  markdown: z.string(),
  notes: z.array(NoteResult).describe("what was posted; empty without --to and with --dry-run"),
  planned: z
    .array(z.strictObject({ incident: z.string(), record: z.string(), where: z.string() }))
    .optional()
    .describe("with --dry-run, where it would be posted"),
});
export type NoteCommandResult = z.infer<typeof NoteCommandResult>;

/** exhibit show --json */
export const ShowResult = z.strictObject({
  captureId: CaptureId,
  path: z.string(),
  manifest: Manifest,
  receipt: Receipt.optional(),
  outcome: Outcome.optional(),
  openCore: z.array(z.string()).describe("the commands that open its core, in order; none without one"),
});
export type ShowResult = z.infer<typeof ShowResult>;

/** exhibit verify --json */
export const VerifyResult = z.strictObject({
  path: z.string(),
  captureId: CaptureId.optional(),
  intact: z.boolean(),
  state: Manifest.shape.state.optional().describe("what the capture was when it was sealed"),
  fileCount: Count.describe("files that the manifest lists"),
  manifestSha256: z.string().optional(),
  faults: z.array(
    z.strictObject({
      path: z.string(),
      fault: z.enum(["missing", "changed", "added", "unreadable", "not-a-manifest", "sums-differ"]),
      detail: z.string(),
    }),
  ),
});
export type VerifyResult = z.infer<typeof VerifyResult>;

/** exhibit demo --json */
export const DemoResult = z.strictObject({
  folder: z.string().describe("everything the demo made lies in it"),
  captureId: CaptureId,
  path: z.string(),
  url: z.string().optional(),
  notePath: z.string(),
  manifest: Manifest,
});
export type DemoResult = z.infer<typeof DemoResult>;
