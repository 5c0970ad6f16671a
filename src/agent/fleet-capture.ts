// An order of the fleet as a capture of our own command line, and what came of it as one event.
import { z } from "zod";
import { PROTOCOL, type CaptureOrder, type HostState, type JobEvent } from "../fleet/contract.ts";
import { openDeadline } from "../host/deadline.ts";
import { captureWords } from "./orders.ts";
import type { FleetPauses } from "./fleet-pauses.ts";
import type { OwnCommand, OwnOutcome } from "./own-command.ts";

/** Sealing and sending take this much longer than the budget, at most; then what there is is sealed, and sent later. */
const AFTER_BUDGET_MS = 30_000;

/** What we need of the document of `exhibit capture --json`. */
const Captured = z.object({
  captures: z.array(
    z.discriminatedUnion("saved", [
      z.object({
        saved: z.literal(true),
        captureId: z.string(),
        state: z.string(),
        collectors: z.array(
          z.object({ name: z.string(), status: z.string(), reason: z.string().optional() }),
        ),
        pausedMs: z.number().optional(),
        upload: z.object({ state: z.string(), url: z.string().optional(), reason: z.string().optional() }),
      }),
      z.object({ saved: z.literal(false), reason: z.string() }),
    ]),
  ),
});
type Capture = z.infer<typeof Captured>["captures"][number];

/** Carries an order out. Never rejects. */
export type CarryOut = (order: CaptureOrder, stop: AbortSignal) => Promise<JobEvent>;

export function carryOutWith(own: OwnCommand, pauses: FleetPauses): CarryOut {
  return async (order, stop) => {
    const gate =
      order.maxPauseMs === 0
        ? undefined
        : pauses.gate({ service: order.service, atMost: order.pausesAtMost });
    const deadline = openDeadline(order.budgetMs + AFTER_BUDGET_MS, stop);
    const outcome = await own(wordsOf(order), deadline.signal, gate).finally(deadline.close);
    return eventOf(order, outcome, gate?.refusal());
  };
}

function wordsOf(order: CaptureOrder): readonly string[] {
  const { target, profile, reason, incidents } = order;
  return captureWords({
    ...target,
    incidents: [...incidents],
    budget: `${order.budgetMs}ms`,
    maxPause: order.maxPauseMs === 0 ? "0" : `${order.maxPauseMs}ms`,
    ...(profile === undefined ? {} : { profile }),
    // A bundle whose job was lost is found by it.
    reason: `${reason === undefined ? "" : `${reason}; `}job ${order.job}`,
  });
}

/** What a capture that ended came to; `refusal` says why nothing was stopped. */
export function eventOf(
  { job }: Pick<CaptureOrder, "job">,
  outcome: OwnOutcome,
  refusal: string | undefined,
): JobEvent {
  const captures = Captured.safeParse(outcome.json).data?.captures ?? [];
  const saved = captures.flatMap((capture) => (capture.saved ? [capture] : []));
  const reason = [...new Set([...(refusal === undefined ? [] : [refusal]), ...captures.flatMap(faultsOf)])];
  const paused = saved.flatMap(({ pausedMs }) => (pausedMs === undefined ? [] : [pausedMs]));
  const text =
    captures.length > 0
      ? reason.join("; ")
      : `the capture ended ${outcome.exitCode === undefined ? "by a signal" : `with status ${outcome.exitCode}`}`;
  return {
    protocol: PROTOCOL,
    job,
    state: stateOf(captures, reason),
    ...(text === "" ? {} : { reason: text.slice(0, 2000) }),
    captureIds: saved.slice(0, 64).map(({ captureId }) => captureId),
    urls: saved
      .slice(0, 64)
      .flatMap(({ upload }) => (upload.url === undefined ? [] : [upload.url.slice(0, 2000)])),
    ...(paused.length === 0 ? {} : { pausedMs: paused.reduce((sum, ms) => sum + ms, 0) }),
  };
}

function stateOf(captures: readonly Capture[], faults: readonly string[]): HostState {
  if (!captures.some(({ saved }) => saved)) {
    // As the guardian of a target says it.
    const isBusy = captures.length > 0 && faults.every((fault) => /another capture of process/.test(fault));
    return isBusy ? "busy" : "failed";
  }
  return faults.length === 0 ? "done" : "partial";
}

/** Why a capture is not all that it could be; nothing when it is. */
function faultsOf(capture: Capture): readonly string[] {
  if (!capture.saved) return [capture.reason];
  const { state, upload, collectors } = capture;
  const missing = collectors.find(({ status }) => status === "failed" || status === "partial");
  const left = collectors.find(({ status, reason }) => status === "skipped" && reason !== undefined);
  const worst = missing ?? left;
  return [
    ...(state === "complete"
      ? []
      : [worst?.reason === undefined ? `the bundle is ${state}` : `${worst.name}: ${worst.reason}`]),
    ...(upload.state === "waiting" ? [`not in the store yet: ${upload.reason ?? "it is sent later"}`] : []),
  ];
}
