// Histograms of durations, sixteen buckets an octave of microseconds: bucket i ends at 2^(i/16) µs. A value taken from one is
// at most 2.2 % off.

export type Buckets = readonly (readonly [index: number, count: number])[];

const PER_OCTAVE = 16;

/** The value that a share `q` of all does not exceed, in ms; undefined when there is none. */
export function percentile(buckets: Buckets, q: number): number | undefined {
  const sorted = buckets.toSorted(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [index, count] of sorted) {
    seen += count;
    if (count > 0 && seen >= q * total)
      return index === 0 ? 0.0005 : 2 ** ((index - 0.5) / PER_OCTAVE) / 1000;
  }
  return undefined;
}

/** The buckets of durations in ms. */
export function bucketsOf(durations: readonly number[]): Buckets {
  const indices = durations.map((ms) => (ms < 0.001 ? 0 : Math.floor(1 + Math.log2(ms * 1000) * PER_OCTAVE)));
  return mergeBuckets([indices.map((index) => [index, 1] as const)]);
}

export function mergeBuckets(all: readonly Buckets[]): Buckets {
  const merged = new Map<number, number>();
  for (const [index, count] of all.flat()) merged.set(index, (merged.get(index) ?? 0) + count);
  return [...merged];
}
