// Numbers in sentences.

export function count(n: number, noun: string, nouns = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : nouns}`;
}

/** One digit after the point. */
export function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

export function seconds(ms: number): string {
  return `${tenth(ms / 1000)} s`;
}
/** `40 s`, `6 min`, `3 h`: as exact as a forecast is. */
export function about(ms: number): string {
  if (ms < 120_000) return `${Math.max(1, Math.round(ms / 1000))} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
