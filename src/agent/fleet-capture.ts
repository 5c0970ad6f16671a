// An order of the fleet's bus as a capture of our own command line, and what is known of one that was begun before.
import type { CaptureOrder } from "../fleet/contract.ts";
import type { FarResult } from "../fleet/ssh/messages.ts";
import { delay } from "../host/clock.ts";
import { openDeadline } from "../host/deadline.ts";
import { printable } from "../printable.ts";
import type { FleetPauses } from "./fleet-pauses.ts";
import { captureOutcome, leftOutcome, type Ended } from "./job-outcome.ts";
import type { Jobs } from "./jobs.ts";
import { jobWords, targetWords } from "./orders.ts";
import type { PauseGate } from "./pause-gate.ts";

/** Sealing and sending take this much longer than the budget, at most; then what there is is sealed, and sent later. */
const AFTER_BUDGET_MS = 30_000;
/** The longest capture, with its sealing. */
const RECALL_MS = 35 * 60_000;
const LOOK_MS = 1000;

export interface FleetWork {
  /** Carries an order out. */
  readonly capture: (order: CaptureOrder, stop: AbortSignal) => Promise<FarResult>;
  /** Waits for the end of a job that was begun before, by whomever; undefined when nobody will know. */
  readonly recall: (job: string, stop: AbortSignal) => Promise<FarResult | undefined>;
}

type Run = (words: readonly string[], signal?: AbortSignal, gate?: PauseGate) => Promise<Ended>;

export function fleetWork(run: Run, pauses: FleetPauses, jobs: Jobs): FleetWork {
  return {
    capture: async (order, stop) => {
      const { service, pausesAtMost: atMost } = order;
      const gate = order.maxPauseMs === 0 ? undefined : pauses.gate({ service, atMost });
      const deadline = openDeadline(order.budgetMs + AFTER_BUDGET_MS, stop);
      const words = ["capture", ...jobWords(order), "--yes", ...targetWords(order.target)];
      const ended = await run(words, deadline.signal, gate).finally(deadline.close);
      const result = captureOutcome(ended);
      const refusal = gate?.refusal();
      // First of all reasons: the collectors that were left out say it each.
      return refusal === undefined || result.state !== "partial"
        ? result
        : { ...result, reason: printable(`${refusal}; ${result.reason ?? ""}`, 600) };
    },
    recall: async (job, stop) => {
      const deadline = openDeadline(RECALL_MS, stop);
      try {
        const known = await jobs.outcome(job, deadline.signal);
        if (known !== undefined) return known;
        while (!deadline.signal.aborted) {
          const left = leftOutcome(job, await run(["ls"]));
          if (left !== undefined) return left;
          await delay(LOOK_MS, deadline.signal);
        }
        return undefined;
      } finally {
        deadline.close();
      }
    },
  };
}
