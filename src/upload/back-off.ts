// When an upload that failed is tried again: 1 s after the first failure, twice as long after each further one, 5 minutes
// at most, for ever. With chance in it, so that hosts that lost their store together do not come back together.

const FIRST_MS = 1000;
const LONGEST_MS = 300_000;
/** While a person waits: a store that is back must be noticed within seconds. */
export const LONGEST_WAITED_MS = 5000;

/**
 * How long to leave the store alone after `failures` in a row. `chance` is from 0 to 1 and makes it half as long to full
 * length; `longestMs` is the cap.
 */
export function backOffMs(failures: number, chance: number, longestMs = LONGEST_MS): number {
  if (failures <= 0) return 0;
  const fullMs = Math.min(longestMs, FIRST_MS * 2 ** Math.min(failures - 1, 30));
  return Math.round(fullMs * (0.5 + chance / 2));
}

/** When the next attempt is due, after those that failed since anything was confirmed; undefined for at once. */
export function dueAt(failures: readonly { readonly at: string }[], chance: number): string | undefined {
  const last = failures.at(-1);
  if (!last) return undefined;
  return new Date(Date.parse(last.at) + backOffMs(failures.length, chance)).toISOString();
}
