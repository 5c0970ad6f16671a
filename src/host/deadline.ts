// An end that comes for certain: after a time, or when another signal aborts. AbortSignal.any over AbortSignal.timeout is
// not that: Node frees the timer with the next collection of garbage, and then nothing ever aborts (nodejs/node#57736). A
// collector that hung ran on for ten minutes (measured). Here the timer itself holds everything.

export interface Deadline {
  readonly signal: AbortSignal;
  /** Lets go of the timer and of the other signals; what has not aborted by then never does. */
  readonly close: () => void;
}

/** Longer than a timer can be (2^31 - 1 ms: Node's setTimeout would fire at once). */
const LONGEST_MS = 2_147_483_647;

/** Aborts after `ms`, at once when that is over, or with the first of `others`. */
export function openDeadline(ms: number, ...others: readonly AbortSignal[]): Deadline {
  const controller = new AbortController();
  const close = () => {
    clearTimeout(timer);
    for (const other of others) other.removeEventListener("abort", abort);
  };
  const abort = () => {
    close();
    controller.abort();
  };
  const timer = setTimeout(abort, Math.min(LONGEST_MS, Math.max(0, Math.ceil(ms))));
  for (const other of others) other.addEventListener("abort", abort, { once: true });
  if (ms <= 0 || others.some(({ aborted }) => aborted)) abort();
  return { signal: controller.signal, close };
}
