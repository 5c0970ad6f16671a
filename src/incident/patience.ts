// How long we ask again when a record system is busy: with full jitter, so that many hosts do not ask together, and
// never beyond a deadline. What is not done by then waits in the spool.
import { BusyRecordError } from "../errors.ts";
import { delay } from "../host/clock.ts";

export interface Patience {
  readonly deadlineMs: number;
  /** The first pause is at most this; each further one at most twice as long. */
  readonly firstPauseMs: number;
}

const LONGEST_PAUSE_MS = 8000;

/** Repeats `work` while the system says that it is busy. Throws its last error. */
export async function withPatience<T>(
  work: () => Promise<T>,
  { deadlineMs, firstPauseMs }: Patience,
  signal?: AbortSignal,
): Promise<T> {
  const start = performance.now();
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof BusyRecordError) || signal?.aborted) throw error;
      const jitter = Math.random() * Math.min(LONGEST_PAUSE_MS, firstPauseMs * 2 ** attempt);
      const pauseMs = (error.retryAfterMs ?? 0) + jitter;
      if (performance.now() - start + pauseMs > deadlineMs) throw error;
      await delay(pauseMs, signal);
    }
  }
}
