export interface TaskSwitches {
  /** It gave up the CPU because it had to wait for something (VCX of prstat). */
  readonly voluntary: number;
  /** The CPU was taken from it (ICX of prstat). */
  readonly involuntary: number;
}

/** The context switches in /proc/PID/task/TID/status (proc(5)); undefined unless both are there. */
export function parseTaskSwitches(text: string): TaskSwitches | undefined {
  const voluntary = /^voluntary_ctxt_switches:\s*(\d{1,15})$/m.exec(text)?.[1];
  const involuntary = /^nonvoluntary_ctxt_switches:\s*(\d{1,15})$/m.exec(text)?.[1];
  if (voluntary === undefined || involuntary === undefined) return undefined;
  return { voluntary: Number(voluntary), involuntary: Number(involuntary) };
}
