// /proc/loadavg (proc(5)): `0.13 0.07 0.07 1/93 6404`.

export interface LoadAverage {
  /** Tasks that run, want to run or wait for a disk, averaged over 1, 5 and 15 minutes. */
  readonly load1: number;
  readonly load5: number;
  readonly load15: number;
  readonly runnable: number;
  readonly tasks: number;
}

/** undefined when it is anything else. */
export function parseLoadavg(text: string): LoadAverage | undefined {
  const match = /^(\d+\.\d+) (\d+\.\d+) (\d+\.\d+) (\d+)\/(\d+) \d+\s*$/.exec(text);
  if (!match) return undefined;
  const [load1 = NaN, load5 = NaN, load15 = NaN, runnable = NaN, tasks = NaN] = match.slice(1).map(Number);
  return { load1, load5, load15, runnable, tasks };
}
