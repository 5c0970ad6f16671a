export interface Schedstat {
  /** Nanoseconds on a CPU since the thread began. */
  readonly runNs: number;
  /** Nanoseconds ready to run, but waiting for a CPU. Counted when the wait ends: a long one shows up late, all at once. */
  readonly waitNs: number;
  /** How often it was put on a CPU. */
  readonly slices: number;
}

/**
 * /proc/PID/task/TID/schedstat: `RUN WAIT SLICES`. A kernel that does not account prints three zeros; a thread that has ever
 * run has not: three zeros are unknown.
 * @see Documentation/scheduler/sched-stats.rst of the Linux kernel
 */
export function parseSchedstat(text: string): Schedstat | undefined {
  const match = /^(\d{1,18}) (\d{1,18}) (\d{1,18})\s*$/.exec(text);
  if (!match) return undefined;
  const [runNs = 0, waitNs = 0, slices = 0] = match.slice(1).map(Number);
  return runNs === 0 && waitNs === 0 && slices === 0 ? undefined : { runNs, waitNs, slices };
}
