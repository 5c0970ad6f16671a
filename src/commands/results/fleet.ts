// What --json prints for exhibit fleet, a line for each thing that happens: published under schema/, and its types.
import { z } from "zod";
import { HostState } from "../../fleet/contract.ts";
import { HostRecord, Job } from "../../fleet/job.ts";
import { NoteResult } from "./captures.ts";

const Plan = z.strictObject({
  kind: z.literal("plan"),
  job: Job.shape.job,
  do: Job.shape.do,
  transport: Job.shape.transport,
  pausesHeldBy: z
    .enum(["bus", "store", "controller", "nobody"])
    .describe("who holds the cap of pauses for each service; nobody: nothing is paused"),
  waves: z.array(
    z.strictObject({
      name: z.enum(["canary", "one of each service", "the rest", "all"]),
      hosts: z.array(z.strictObject({ host: z.string(), address: z.string(), service: z.string() })),
    }),
  ),
  atMost: Job.shape.atMost,
  pausesAtMost: Job.shape.pausesAtMost,
  mayFail: z.int().describe("more failures than this, and no more hosts are begun"),
  deadlineMs: Job.shape.deadlineMs,
});
export type PlanLine = z.infer<typeof Plan>;

const Host = z.strictObject({ kind: z.literal("host"), service: z.string(), ...HostRecord.shape });

const Status = z.strictObject({
  kind: z.literal("status"),
  host: z.string(),
  state: z.union([z.literal("online"), HostState]),
  version: z.string().optional(),
  waiting: z.int().nonnegative().optional().describe("bundles that are still to be sent"),
  capturing: z.int().nonnegative().optional(),
  clockSkewMs: z
    .number()
    .optional()
    .describe("how far its clock is ahead of ours, with the way of the message"),
  reason: z.string().optional(),
});
export type StatusLine = z.infer<typeof Status>;

const End = z.strictObject({
  kind: z.literal("end"),
  job: Job.shape.job.optional(),
  states: z
    .partialRecord(z.union([z.literal("online"), HostState]), z.int())
    .describe("hosts by how they ended"),
  exitCode: z.int(),
  ledger: z.string().optional(),
  notes: z.array(NoteResult).optional(),
});
export type EndLine = z.infer<typeof End>;

/** Each line of exhibit fleet --json. */
export const FleetLine = z.discriminatedUnion("kind", [Plan, Host, Status, End]);
export type FleetLine = z.infer<typeof FleetLine>;
