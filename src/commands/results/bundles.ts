// What --json prints for the commands that work with bundles: published under schema/, and the types of their results.
// What is unknown is absent, never zero.
import { z } from "zod";
import { Outcome, Receipt } from "../../bundle/after-seal.ts";
import { CaptureId, Manifest } from "../../bundle/manifest.ts";
import { StoreConfirmation } from "../../bundle/store-confirmation.ts";
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
          .enum([...Manifest.shape.state.options, "capturing", "unsealed", "damaged", "quarantined"])
          .describe(
            "capturing: its process still runs; unsealed: it could not be sealed yet; quarantined: damaged, and put aside by push",
          ),
        reason: z.string().optional().describe("why it is damaged or not sealed"),
        incidents: z.array(z.string()),
        job: z.string().optional().describe("the job of exhibit fleet that it was taken for"),
        target: z
          .string()
          .optional()
          .describe("the service, else the command; of a bundle of run or add what was run or added"),
        startedAt: Instant.optional(),
        path: z.string(),
        sizeBytes: Count.describe("of all files in it"),
        upload: z.enum(["uploaded", "waiting", "not-asked"]).optional().describe("absent when unknown"),
        uploadReason: z.string().optional().describe("why the last attempt failed"),
        url: z.string().optional(),
        found: StoreConfirmation.optional().describe("what the store really did, read back"),
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
        state: z
          .enum(["sealed", "interrupted"])
          .describe(
            "interrupted: there is no manifest.json: the capture or the upload ended early, or goes on",
          ),
        startedAt: Instant.describe("to the second, as the id tells"),
        storedAt: Instant.optional().describe("of the manifest, else of the newest file"),
        files: Count,
        sizeBytes: Count.describe("of all files in it"),
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
  printed: z.string().optional().describe("with --print, the note in that format"),
  notes: z.array(NoteResult).describe("what was posted; empty without --to and with --dry-run"),
  attached: z.array(NoteResult).optional().describe("with --attach, what became of the file"),
  planned: z
    .array(
      z.strictObject({
        incident: z.string(),
        record: z.string(),
        where: z.string(),
        requests: z.array(z.string()).optional().describe("as they would be sent, secrets masked"),
      }),
    )
    .optional()
    .describe("with --dry-run, where it would be posted"),
});
export type NoteCommandResult = z.infer<typeof NoteCommandResult>;

/** exhibit show REF --json */
export const ShowResult = z.strictObject({
  captureId: CaptureId,
  path: z.string().optional().describe("its folder on this host; absent when it was read from a store"),
  store: z.string().optional().describe("the store it was read from, by its name in the settings"),
  url: z.string().optional().describe("where that store has it"),
  link: z.string().optional().describe("the stable address of link.base, of a bundle that is in a store"),
  fetch: z.string().optional().describe("the command that brings it here from the store"),
  manifestSha256: z.string(),
  manifest: Manifest,
  receipt: Receipt.optional(),
  outcome: Outcome.optional(),
  openCore: z
    .array(z.string())
    .describe(
      "the commands that open its core, in order; one that begins with # is a remark; none without a core",
    ),
});
export type ShowResult = z.infer<typeof ShowResult>;

/** exhibit show REF FILE --json */
export const ShowFileResult = z.strictObject({
  captureId: z.string(),
  file: z.string(),
  bytes: Count,
  sha256: z.string(),
  checked: z.boolean().describe("false: no manifest says what its digest should be"),
  encoding: z.enum(["utf8", "base64"]).describe("of content; base64 for what is no text"),
  content: z.string(),
});
export type ShowFileResult = z.infer<typeof ShowFileResult>;

/** exhibit show REF [FILE] --link TIME --json */
export const ShowLinkResult = z.strictObject({
  captureId: CaptureId,
  file: z.string(),
  link: z.string().describe("opens without credentials; of a directory store, the path"),
  expiresAt: Instant.optional().describe("absent when it does not end, or when that is not known"),
  temporaryCredentials: z.boolean().describe("true: it ends with them, even before expiresAt"),
});
export type ShowLinkResult = z.infer<typeof ShowLinkResult>;

const FetchedCore = z.strictObject({
  member: z.string(),
  path: z.string().describe("where it is unpacked, or will be"),
  state: z
    .enum(["unpacked", "present", "encrypted", "packed"])
    .describe("present: it was here already; encrypted: it needs the key; packed: it could not be unpacked"),
  bytes: Count.optional(),
  reason: z.string().optional(),
  unpack: z.array(z.string()).describe("of an encrypted one, the commands for whoever has the key"),
  open: z.array(z.string()).describe("the commands that open it"),
});
export type FetchedCore = z.infer<typeof FetchedCore>;

/** exhibit fetch --json */
export const FetchResult = z.strictObject({
  captureId: CaptureId,
  store: z.string(),
  url: z.string(),
  path: z.string().describe("the bundle's folder on this host"),
  state: z
    .enum([...Manifest.shape.state.options, "unsealed"])
    .describe("as it was sealed; unsealed: there is no manifest.json, and nothing to check against"),
  manifestSha256: z.string().optional(),
  files: z.array(
    z.strictObject({
      path: z.string(),
      bytes: Count,
      state: z
        .enum(["fetched", "present", "wrong", "missing", "differs"])
        .describe("wrong: not what the manifest says; differs: another file is here under its name"),
      reason: z.string().optional(),
    }),
  ),
  left: z.array(z.string()).describe("objects below the bundle that are none of it: not fetched"),
  cores: z.array(FetchedCore).optional().describe("with --core"),
});
export type FetchResult = z.infer<typeof FetchResult>;

/** exhibit verify --json */
export const VerifyResult = z.strictObject({
  path: z.string().describe("its folder, or its address in a store"),
  captureId: CaptureId.optional(),
  intact: z.boolean(),
  state: Manifest.shape.state.optional().describe("what the capture was when it was sealed"),
  fileCount: Count.describe("files that the manifest lists"),
  manifestSha256: z.string().optional(),
  faults: z.array(
    z.strictObject({
      path: z.string(),
      fault: z.enum([
        "missing",
        "changed",
        "added",
        "unreadable",
        "not-a-manifest",
        "sums-differ",
        "signature",
      ]),
      detail: z.string(),
    }),
  ),
  signature: z
    .strictObject({
      state: z
        .enum(["good", "unknown-signer", "bad", "unsigned", "unchecked"])
        .describe("good: by a key that the allowed signers name; unchecked: ssh-keygen could not be asked"),
      detail: z.string(),
      by: z.string().optional().describe("of a good one, who signed, as in allowed_signers"),
      key: z.string().optional().describe("fingerprint of the key that signed"),
    })
    .optional()
    .describe("absent when there is no manifest"),
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
