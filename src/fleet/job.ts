// A job: what is asked of many hosts, as it was planned, and how a host of it ended. It is what the ledger keeps.
import { z } from "zod";
import { AskedTarget, HostState, JobId } from "./contract.ts";
import type { HostResult } from "./transport.ts";

/** How a host ended; `answer` is that of check, `exitCode` that of check or of COMMAND. */
export interface HostOutcome extends HostResult {
  readonly answer?: string;
  readonly exitCode?: number;
}

const Host = z.strictObject({
  name: z.string(),
  address: z.string(),
  service: z.string(),
  user: z.string().exactOptional(),
  port: z.int().exactOptional(),
});

const FailureLimit = z.union([z.strictObject({ hosts: z.int() }), z.strictObject({ percent: z.number() })]);

/** Everything it takes to go on with it after a kill. */
export const Job = z.strictObject({
  job: JobId,
  do: z.enum(["capture", "guard", "check"]),
  transport: z.enum(["ssh", "nats"]),
  startedAt: z.iso.datetime(),
  operator: z.string(),
  hosts: z.array(Host),
  target: AskedTarget,
  atMost: z.int().positive(),
  pausesAtMost: z.int().positive().optional(),
  stopAfter: FailureLimit,
  deadlineMs: z.int().positive(),
  budgetMs: z.int().positive(),
  maxPauseMs: z.int().nonnegative(),
  profile: z.string().optional(),
  reason: z.string().optional(),
  incidents: z.array(z.string()),
  /** Of guard. */
  argv: z.array(z.string()).optional(),
  /** Of check. */
  connectedTo: z.array(z.string()).optional(),
});
export type Job = z.infer<typeof Job>;

/** What is known of one host of a job. */
export const HostRecord = z.strictObject({
  host: z.string(),
  /** `begun`: it was asked, and has not ended. */
  state: z.union([z.literal("begun"), HostState]),
  at: z.iso.datetime(),
  reason: z.string().exactOptional(),
  captureIds: z.array(z.string()).default([]),
  urls: z.array(z.string()).default([]),
  pausedMs: z.number().exactOptional(),
  bytes: z.number().exactOptional(),
  answer: z.string().exactOptional(),
  exitCode: z.int().exactOptional(),
  /** Since it was begun. */
  durationMs: z.number().exactOptional(),
});
export type HostRecord = z.infer<typeof HostRecord>;

/** What another try could change: nothing was done there, or it is not known. */
const ASKED_AGAIN: ReadonlySet<HostRecord["state"]> = new Set([
  "begun",
  "lost",
  "offline",
  "expired",
  "busy",
  "deadline",
  "not-started",
]);

/** Whether `--resume` asks a host again. */
export function isOpen(record: HostRecord | undefined): boolean {
  return record === undefined || ASKED_AGAIN.has(record.state);
}

/** What counts against `--stop-after`; of a host that is not there nothing can be learnt for the others. */
export function isFailure(state: HostRecord["state"]): boolean {
  return ["failed", "lost", "denied", "deadline"].includes(state);
}

/** As a person wrote it. */
export function targetName(target: AskedTarget): string {
  if ("unit" in target) return target.unit;
  if ("container" in target) return `container:${target.container}`;
  return "match" in target ? `--match ${target.match}` : `--pid ${target.pid}`;
}
