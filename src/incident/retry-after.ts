// When to try again: what a receiver asked for (RFC 9110 10.2.3).

const LONGEST_MS = 24 * 3_600_000;

/**
 * Milliseconds until a Retry-After header's moment: seconds or an HTTP date, at most a day. A date is compared with the
 * receiver's own clock (its Date header) where there is one. Undefined when it is neither.
 */
export function parseRetryAfter(
  header: string | null,
  date: string | null,
  nowMs: number,
): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Math.min(Number(header) * 1000, LONGEST_MS);
  const then = Date.parse(header);
  if (!/[A-Za-z]{3}/.test(header) || Number.isNaN(then)) return undefined;
  const now = date === null || Number.isNaN(Date.parse(date)) ? nowMs : Date.parse(date);
  return Math.min(Math.max(then - now, 0), LONGEST_MS);
}
