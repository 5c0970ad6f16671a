// Whether something that is looked at again and again only grows, and when it would reach a limit.
import type { UsageEvidence, UsageLook } from "./evidence/usage.ts";

export interface Growth {
  readonly first: number;
  readonly last: number;
  readonly change: number;
  readonly windowMs: number;
  /** The raw line of the last look. */
  readonly line: string;
}

/** Two looks make a difference; whether it is a trend takes more. */
const LEAST_LOOKS = 4;
/** Of a leak the later half grows about as much as the earlier; what only fills up at first does not. */
const LATER_SHARE = 0.4;
/** As much of the intervals must not shrink. */
const GROWING_SHARE = 0.8;

/** Undefined when it does not grow all the time, or too few looks know it. */
export function growthOf(
  usage: UsageEvidence | undefined,
  key: "residentBytes" | "anonymousBytes" | "descriptors",
): Growth | undefined {
  const known = (usage?.looks ?? []).flatMap((look) => {
    const value = look[key];
    return value === undefined ? [] : [{ look, value }];
  });
  const [first, last] = [known[0], known.at(-1)];
  const middle = known[Math.floor((known.length - 1) / 2)];
  if (known.length < LEAST_LOOKS || first === undefined || last === undefined || middle === undefined)
    return undefined;
  const change = last.value - first.value;
  const rising = known.filter(({ value }, index) => index > 0 && value > (known[index - 1]?.value ?? value));
  const isSteady =
    change > 0 &&
    rising.length >= (known.length - 1) * GROWING_SHARE &&
    last.value - middle.value >= change * LATER_SHARE;
  if (!isSteady) return undefined;
  return {
    first: first.value,
    last: last.value,
    change,
    windowMs: span(first.look, last.look),
    line: last.look.line,
  };
}

function span(first: UsageLook, last: UsageLook): number {
  return Math.round(last.monotonicMs - first.monotonicMs);
}

/** How long until `limit` at this rate; 0 when it is there. */
export function reachesAfterMs({ last, change, windowMs }: Growth, limit: number): number {
  return Math.max(0, ((limit - last) / change) * windowMs);
}
