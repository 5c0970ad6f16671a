// One clock for a capture: what happened when, in UTC for people and monotonic for durations. The wall clock may jump
// while we run; durations and deadlines never use it.

export interface Clock {
  /** UTC, ISO 8601 with milliseconds. */
  readonly now: () => string;
  /** Since this clock was made. */
  readonly elapsedMs: () => number;
}

/** A clock that began `agoMs` ago. */
export function startClock(agoMs = 0): Clock {
  const start = performance.now() - agoMs;
  return {
    now: () => new Date().toISOString(),
    elapsedMs: () => Math.round((performance.now() - start) * 10) / 10,
  };
}

/** Whole milliseconds since the host was booted, without those it slept: no clock that is set changes them. */
export function upMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** Resolves after `ms`, or at once when the signal aborts; never rejects. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** Resolves when the signal aborts. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
