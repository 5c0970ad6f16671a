// What is said over one ssh connection. The far side (`exhibit fleet answer`) greets; we send one order on its stdin; it
// answers in lines. What must stay true: nothing before the greeting counts, as start-up files of shells print there; an
// order travels on stdin, never in words that a shell would read.
import { z } from "zod";
import { AskedTarget, CaptureOrder, JobEvent, PROTOCOL } from "../contract.ts";

/** A line of its own before everything that we say. */
export const GREETING = "exhibit-fleet";

/** Longest line either side reads; a longer one is dropped. */
export const LINE_LIMIT_BYTES = 256 * 1024;

const version = { protocol: z.literal(PROTOCOL) };

/** The first line after the greeting; of any protocol, so that an older or newer one can be named. */
export const Hello = z.looseObject({
  protocol: z.int().nonnegative(),
  version: z.string().max(64),
  host: z.string().max(255),
  nowMs: z.int().positive(),
});
export type Hello = z.infer<typeof Hello>;

const Argv = z.array(z.string().max(32_768)).min(1).max(1000);

export const Order = z.discriminatedUnion("do", [
  z.strictObject({ ...CaptureOrder.shape, do: z.literal("capture") }),
  z.strictObject({ ...CaptureOrder.shape, do: z.literal("guard"), argv: Argv }),
  z.strictObject({
    ...version,
    do: z.literal("check"),
    target: AskedTarget,
    expiresAtMs: z.int().positive(),
    connectedTo: z.array(z.string().max(300)).max(100).default([]),
  }),
  z.strictObject({ ...version, do: z.literal("status") }),
]);
export type Order = z.infer<typeof Order>;
export type OrderToDo = Extract<Order, { readonly do: "capture" | "guard" }>;

/** After the order: stop, and seal what there is. */
export const STOP_LINE = "stop";

/** How an order ended there; `answer` and `exitCode` are those of check, or of COMMAND. */
export const FarResult = z.strictObject({
  kind: z.literal("result"),
  ...JobEvent.omit({ protocol: true, job: true }).shape,
  bytes: z.number().nonnegative().exactOptional(),
  answer: z.string().max(4000).exactOptional(),
  exitCode: z.int().exactOptional(),
});
export type FarResult = z.infer<typeof FarResult>;

export const FarMessage = z.discriminatedUnion("kind", [
  /** Begun, or begun before: the same job does it once. */
  z.strictObject({ kind: z.literal("accepted"), repeated: z.boolean() }),
  z.strictObject({
    kind: z.literal("status"),
    waiting: z.int().nonnegative().optional(),
    capturing: z.int().nonnegative().optional(),
    reason: z.string().max(2000).optional(),
  }),
  FarResult,
]);
export type FarMessage = z.infer<typeof FarMessage>;
