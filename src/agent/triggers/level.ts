// A number that stays above a limit. What must stay true: what was not seen is not taken for high, nor for low.

/** Without a look for so long nobody knows what the number was meanwhile. */
const LONGEST_GAP_MS = 120_000;

export interface Level {
  /** Whether it has been above the limit at every look for the whole time, this one included. */
  readonly isHeld: (value: number | undefined, upMs: number) => boolean;
}

export function openLevel(above: number, forMs: number): Level {
  let sinceMs: number | undefined;
  let lastMs: number | undefined;
  return {
    isHeld: (value, upMs) => {
      if (value === undefined || value <= above) {
        sinceMs = undefined;
        return false;
      }
      if (sinceMs === undefined || lastMs === undefined || upMs - lastMs > LONGEST_GAP_MS) sinceMs = upMs;
      lastMs = upMs;
      return upMs - sinceMs >= forMs;
    },
  };
}
