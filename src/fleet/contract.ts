// What a controller and the agents say to each other, whatever carries it: subjects, messages, and the states in which a
// host ends. What must stay true: a host is named by the subject that it alone may publish on, never by what a message
// says of itself; a request that is late by the clock of the host that would act is refused; the same job id acts once.
import { z } from "zod";

/** Raised by every change that an older side would misread. Answers of another protocol are refused, and both are told. */
export const PROTOCOL = 1;

/** Longest message either side sends; a longer one is dropped unread. Bundles go to the store, never here. */
export const MESSAGE_LIMIT_BYTES = 64 * 1024;

/** How every host of a job ends, in exactly one. */
export const HostState = z
  .enum([
    "done",
    "partial",
    "failed",
    "lost",
    "offline",
    "expired",
    "busy",
    "denied",
    "deadline",
    "not-started",
  ])
  .describe(
    "done: complete. partial: a bundle, but not all of it. failed: nothing usable. lost: no answer, it may have happened. " +
      "offline: nobody serves the host. expired: the request came too late, nothing was done. busy: that target is being " +
      "captured, or no pause was free. denied: no right to ask, or another protocol. deadline: the job's time was up " +
      "while it ran. not-started: the job ended before its turn.",
  );
export type HostState = z.infer<typeof HostState>;

/** 8 to 64 characters: one token of a subject and one file name. */
export const JobId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{7,63}$/, "expected a job id");

const ShortText = z.string().max(2000);

/** One service or process of the host that is asked. */
export const AskedTarget = z.union([
  z.strictObject({ unit: z.string().min(1).max(255) }),
  z.strictObject({ container: z.string().min(1).max(255) }),
  z.strictObject({ match: z.string().min(1).max(1000) }),
  z.strictObject({ pid: z.int().positive() }),
]);
export type AskedTarget = z.infer<typeof AskedTarget>;

const version = { protocol: z.literal(PROTOCOL) };

/** Says what was understood of a message of any protocol. */
export const Envelope = z.looseObject({ protocol: z.int().nonnegative() });

/**
 * A capture that is wanted now. `expiresAtMs` is in the clock of the host that is asked (its `nowMs` in a status answer,
 * less the round trip): clocks that differ by a day neither refuse it nor let it run late.
 */
export const CaptureOrder = z.strictObject({
  ...version,
  job: JobId,
  target: AskedTarget,
  expiresAtMs: z.int().positive(),
  /** Longest time the agent may take, from when it begins. */
  budgetMs: z.int().min(1000).max(1_800_000),
  /** 0: only collectors that stop nothing, and no pause is taken. */
  maxPauseMs: z.int().min(0).max(600_000),
  /** The service whose pauses are counted together, and how many of its hosts may be paused at once. */
  service: z.string().min(1).max(255),
  pausesAtMost: z.int().min(1).max(1000),
  profile: z.string().max(64).optional(),
  reason: ShortText.optional(),
  incidents: z.array(z.string().max(500)).max(10).default([]),
});
export type CaptureOrder = z.infer<typeof CaptureOrder>;

/**
 * How are you? Without `answerTo` the answer goes to who asked. With it, it is published as the host's own event of that
 * name: asked of all at once, only the subject says who answers.
 */
export const StatusRequest = z.strictObject({ ...version, answerTo: JobId.optional() });
export type StatusRequest = z.infer<typeof StatusRequest>;

/** The answer to a status request; `nowMs` is the host's own clock. */
export const StatusAnswer = z.strictObject({
  ...version,
  host: z.string().max(255),
  version: z.string().max(64),
  nowMs: z.int().positive(),
  waiting: z.int().nonnegative().optional(),
  capturing: z.int().nonnegative(),
});
export type StatusAnswer = z.infer<typeof StatusAnswer>;

/** The immediate answer to an order. `accepted`: the result follows as an event of that host. */
export const OrderAnswer = z.strictObject({
  ...version,
  job: JobId,
  state: z.enum(["accepted", "repeated", "expired", "busy", "denied"]),
  reason: ShortText.optional(),
});
export type OrderAnswer = z.infer<typeof OrderAnswer>;

/** What became of an order, on the host's own subject; kept in the agent's journal and sent again to who asks again. */
export const JobEvent = z.strictObject({
  ...version,
  job: JobId,
  state: HostState,
  reason: ShortText.exactOptional(),
  captureIds: z.array(z.string().max(200)).max(64).default([]),
  urls: z.array(z.string().max(2000)).max(64).default([]),
  pausedMs: z.number().nonnegative().exactOptional(),
  bytes: z.number().nonnegative().exactOptional(),
});
export type JobEvent = z.infer<typeof JobEvent>;

/**
 * A name as one token of a subject and of a key-value key: letters, digits, `-` and `_` as they are, every other byte as
 * `=2E`. Different names give different tokens.
 */
export function tokenOf(name: string): string {
  return [...Buffer.from(name, "utf8")]
    .map((byte) => {
      const text = String.fromCharCode(byte);
      return /[A-Za-z0-9_-]/.test(text) ? text : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}

/** Subjects; a host is given by its name. */
export const subjects = {
  /** Every agent answers it with a StatusAnswer. */
  all: "ex.v1.all.status",
  status: (host: string) => `ex.v1.host.${tokenOf(host)}.status`,
  capture: (host: string) => `ex.v1.host.${tokenOf(host)}.capture`,
  /** Only that host may publish on it. */
  event: (host: string, job: string) => `ex.v1.evt.${tokenOf(host)}.${job}`,
  /** Answers to one user; nobody else may listen. */
  inbox: (user: string) => `_INBOX_${tokenOf(user)}`,
} as const;

/** The key-value bucket of pauses, and how long an unreturned one lives; pauses are bounded to less than half of it. */
export const PAUSES = { bucket: "exhibit-pauses", ttlMs: 60_000 } as const;

/** The keys of one service's pauses: taken by `create`, given back by the revision. */
export function pauseKeys(service: string, atMost: number): readonly string[] {
  return Array.from({ length: atMost }, (_, index) => `${tokenOf(service)}.${index}`);
}
