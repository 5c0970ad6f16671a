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
