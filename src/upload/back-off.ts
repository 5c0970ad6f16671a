// When an upload that failed is tried again: 1 s after the first failure, twice as long after each further one, 5 minutes
// at most, for ever. With chance in it, so that hosts that lost their store together do not come back together.

const FIRST_MS = 1000;
const LONGEST_MS = 300_000;
/** While a person waits: a store that is back must be noticed within seconds. */
export const LONGEST_WAITED_MS = 4000;

export interface Retry {
  /** From 0 to 1: makes it half as long to full length. */
  readonly chance: number;
  readonly nowMs: number;
  readonly longestMs?: number;
}

/** How long to leave the store alone, after attempts that failed one after the other; 0 for not at all. */
export function retryInMs(
  failures: readonly { readonly at: string }[],
  { chance, nowMs, longestMs = LONGEST_MS }: Retry,
): number {
  const last = failures.at(-1);
  if (!last) return 0;
  const fullMs = Math.min(longestMs, FIRST_MS * 2 ** Math.min(failures.length - 1, 30));
  const dueMs = Date.parse(last.at) + fullMs * (0.5 + chance / 2);
  // A clock that was set back must not make anybody wait for longer than the longest time.
  return Math.max(0, Math.min(longestMs, Math.ceil(dueMs - nowMs)));
}
