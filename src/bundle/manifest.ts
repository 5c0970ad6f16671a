// The manifest: what a bundle holds, how each part was taken, and what is missing. It is the commit record of a
// bundle: written last, never overwritten. Published as JSON Schema (schema/manifest.schema.json).
// What must stay true: unknown is absent, never zero; partial is never called complete.
import { z } from "zod";
import { ComparisonRecord } from "./comparison-record.ts";
import { FileRecord } from "./member-record.ts";

export { FileRecord, Sensitivity } from "./member-record.ts";

export const SCHEMA_VERSION = 1;

export const Instant = z.iso.datetime().describe("UTC, ISO 8601");
export const Count = z.number().int().nonnegative();

export const CollectorStatus = z.enum(["ok", "partial", "failed", "skipped", "unsupported"]);
export type CollectorStatus = z.infer<typeof CollectorStatus>;

export const CaptureId = z.string().regex(/^\d{8}T\d{6}Z-[A-Za-z0-9._-]+-[A-Za-z0-9._-]+-[0-9a-f]{6}$/);

const Operator = z.strictObject({
  user: z.string(),
  uid: z.number().int().optional(),
  sudoUser: z.string().optional(),
  host: z.string(),
});

const Runtime = z.strictObject({
  name: z.enum(["node", "jvm", "python", "go", "dotnet", "postgres", "native", "unknown"]),
  version: z.string().optional(),
});

export const Target = z.strictObject({
  kind: z.enum(["pid", "systemd", "smf", "container", "match"]),
  asked: z.string().describe("what the operator typed"),
  pid: z.number().int().positive(),
  startTime: z.string().describe("clock ticks since boot (field 22 of /proc/PID/stat)"),
  startedAt: Instant.optional(),
  bootId: z.string(),
  parentPid: z.number().int().nonnegative().optional(),
  command: z.string().describe("comm, made printable"),
  arguments: z.array(z.string()).optional().describe("made printable and redacted"),
  executable: z.string().optional(),
  executableDeleted: z.boolean().optional(),
  buildId: z.string().optional(),
  uid: z.number().int().optional(),
  service: z.string().optional().describe("systemd unit or SMF FMRI"),
  cgroup: z.string().optional(),
  containerId: z.string().optional(),
  zone: z.string().optional(),
  runtime: Runtime,
  residentBytes: Count.optional(),
  virtualBytes: Count.optional(),
  threads: Count.optional(),
});
export type Target = z.infer<typeof Target>;

export const IdentityCheck = z.strictObject({
  at: Instant,
  before: z.string().describe("the collector, or `mitigation`"),
  same: z.boolean(),
  found: z.string().optional().describe("what was there instead"),
});
export type IdentityCheck = z.infer<typeof IdentityCheck>;

const Host = z.strictObject({
  hostname: z.string(),
  os: z.string(),
  kernel: z.string(),
  architecture: z.string(),
  bootId: z.string(),
  bootedAt: Instant.optional(),
  machineId: z.string().optional(),
  cpus: Count,
  memoryBytes: Count,
  timezone: z.string(),
  loadAverage: z.array(z.number()).optional(),
  ptraceScope: z.string().optional(),
});
export type Host = z.infer<typeof Host>;

const CommandRun = z.strictObject({
  argv: z.array(z.string()).describe("made printable and redacted"),
  startedAt: Instant,
  durationMs: z.number().nonnegative(),
  exitCode: z.number().int().optional(),
  signal: z.string().optional(),
  timedOut: z.boolean().optional(),
  truncated: z.boolean().optional(),
});
export type CommandRun = z.infer<typeof CommandRun>;

/** What was done inside the target: the only proof that it was undone. */
export const InsideRecord = z.strictObject({
  port: Count.describe("where its inspector listened"),
  openedByUs: z.boolean().describe("false when it was open before: then it is not closed either"),
  openedAt: Instant,
  closedAt: Instant.optional().describe("when the port was seen closed; absent when it was not"),
  injected: z.array(z.string()),
  removed: z.boolean().describe("whether what was injected is known to be gone"),
  closedBetween: z
    .strictObject({ from: Instant, until: Instant.optional() })
    .optional()
    .describe("when the port was closed while the observers looked on; absent when it was open all the time"),
});
export type InsideRecord = z.infer<typeof InsideRecord>;

export const CollectorRecord = z.strictObject({
  name: z.string(),
  tool: z.string(),
  status: CollectorStatus,
  reason: z.string().optional().describe("why it is not ok, in words"),
  byChoice: z
    .literal(true)
    .optional()
    .describe("the operator asked for it to be skipped: nothing is missing"),
  method: z.string().optional(),
  touch: z.enum(["none", "brief", "stop", "inside"]).optional(),
  startedAt: Instant.optional(),
  endedAt: Instant.optional(),
  startedMonotonicMs: z.number().optional().describe("since the capture began"),
  durationMs: z.number().nonnegative().optional(),
  windowMs: z.number().nonnegative().optional(),
  commands: z.array(CommandRun),
  predictedPauseMs: z.number().nonnegative().optional(),
  observedPauseMs: z.number().nonnegative().optional(),
  inside: InsideRecord.optional().describe("what was done inside the target, and that it was undone"),
  bytes: Count,
  truncated: z.boolean().optional(),
});
export type CollectorRecord = z.infer<typeof CollectorRecord>;

export const ReadingRecord = z.strictObject({
  id: z.string(),
  collector: z.string(),
  text: z.string(),
  value: z.number(),
  unit: z.string(),
  windowMs: z.number().optional(),
  method: z.string().optional(),
  line: z.string().optional().describe("the raw line, made printable and redacted"),
  file: z.string().describe("path in the bundle"),
  question: z.string().optional().describe("what was asked of the evidence"),
  sureness: z
    .enum(["certain", "likely", "hint"])
    .optional()
    .describe("how sure it is that the number means what the sentence says"),
  speaksFor: z
    .enum(["restart", "not-restart", "none"])
    .optional()
    .describe("whether what is wrong ends with the process, or has its cause outside of it"),
  next: z.string().optional().describe("what a reader should ask next"),
});
export type ReadingRecord = z.infer<typeof ReadingRecord>;

const Redaction = z.strictObject({ file: z.string(), rule: z.string(), count: Count });
export type Redaction = z.infer<typeof Redaction>;

export const Mitigation = z.strictObject({ argv: z.array(z.string()) });

export const AddedFile = z.strictObject({
  member: z.string().describe("its name below evidence/files/; a core is packed afterwards, as member.zst"),
  from: z.string().describe("where it was, made printable"),
  bytes: Count.describe("its size when it was looked at, before anything was copied"),
  modifiedAt: Instant,
});
export type AddedFile = z.infer<typeof AddedFile>;

/** capture.json: who, why, what was planned. Written before anything is collected. */
export const CaptureFile = z.strictObject({
  schemaVersion: z.literal(SCHEMA_VERSION),
  captureId: CaptureId,
  tool: z.strictObject({ name: z.literal("exhibit"), version: z.string(), settingsDigest: z.string() }),
  /** The process that captures: a bundle without a manifest is interrupted when this one is gone. */
  agent: z.strictObject({ pid: z.number().int(), startTime: z.string(), bootId: z.string() }),
  operator: Operator,
  reason: z.string().optional(),
  phase: z.enum(["before", "after", "adhoc"]),
  made: z
    .enum(["run", "add"])
    .optional()
    .describe(
      "what made it when it was neither guard nor capture: then there is no target, profile or budget",
    ),
  mitigation: Mitigation.optional(),
  command: Mitigation.optional().describe("what `run` ran; arguments are printable and redacted"),
  added: z.array(AddedFile).optional().describe("the files that `add` was given"),
  afterOf: CaptureId.optional().describe("the bundle that was taken before the mitigation"),
  incidents: z.array(z.string()),
  target: Target.optional(),
  host: Host,
  placement: z.record(z.string(), z.string()),
  profile: z.string().optional(),
  budgetMs: Count.optional(),
  maxPauseMs: Count.optional(),
  store: z.string().optional().describe("the store it is meant for, by its name in the settings"),
  job: z.string().optional().describe("the job of a fleet that it was taken for"),
  noNote: z.literal(true).optional().describe("the operator asked that it is noted on no incident record"),
  planned: z.array(
    z.strictObject({
      name: z.string(),
      tool: z.string().optional(),
      asked: z
        .literal(true)
        .optional()
        .describe("named by --only: when it is unsupported, something is missing"),
      touch: z.string(),
      estimate: z.strictObject({ timeMs: z.number(), pauseMs: z.number(), sizeBytes: z.number() }),
    }),
  ),
  startedAt: Instant,
});
export type CaptureFile = z.infer<typeof CaptureFile>;

export const Manifest = z.strictObject({
  ...CaptureFile.omit({ agent: true, planned: true }).shape,
  state: z.enum(["complete", "partial", "interrupted"]),
  stateReason: z.string().optional(),
  finishedAt: Instant.describe("when the last evidence was on disk"),
  sealedAt: Instant,
  durationMs: z.number().nonnegative(),
  pausedMs: z
    .number()
    .nonnegative()
    .optional()
    .describe("how long the target was stopped in all; absent when unknown, or when there was no target"),
  clock: z.strictObject({
    monotonicStartMs: z.number(),
    offsetMs: z.number().optional().describe("of the agent's clock, when known"),
    synchronized: z.boolean().optional(),
  }),
  identityChecks: z.array(IdentityCheck),
  collectors: z.array(CollectorRecord),
  readings: z.array(ReadingRecord),
  comparison: ComparisonRecord.optional().describe(
    "with the bundle of afterOf; absent when there was none to compare with",
  ),
  redactions: z.array(Redaction),
  signing: z
    .strictObject({
      key: z.string().optional().describe("SHA256 fingerprint of the key, as ssh-keygen -l prints it"),
      identity: z.string().optional().describe("who is meant to have signed it, as in allowed_signers"),
      failed: z.string().optional().describe("why there is no manifest.json.sig; absent when there is"),
    })
    .optional()
    .describe("absent when the settings ask for no signature"),
  files: z.array(FileRecord),
});
export type Manifest = z.infer<typeof Manifest>;
