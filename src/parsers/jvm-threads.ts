// `jcmd PID Thread.print` (and jstack): for each thread a head in quotes, its state, its frames with the monitors it holds
// and waits for; at the end the deadlocks that the JVM found itself.

export interface JvmThreads {
  /** Java threads, in any state. */
  readonly count: number;
  /** How many are BLOCKED, by the address of the monitor that they wait for. */
  readonly blocked: ReadonlyMap<string, { readonly count: number; readonly line: string }>;
  /** `Found one Java-level deadlock:`; undefined when it found none. */
  readonly deadlockLine: string | undefined;
}

/** Undefined when the text is no thread dump. */
export function parseJvmThreads(text: string): JvmThreads | undefined {
  let count = 0;
  let isBlocked = false;
  const blocked = new Map<string, { count: number; line: string }>();
  let deadlockLine: string | undefined;
  for (const line of text.split("\n")) {
    if (deadlockLine !== undefined) break;
    const state = /^\s+java\.lang\.Thread\.State: (\w+)/.exec(line)?.[1];
    if (state !== undefined) {
      count++;
      isBlocked = state === "BLOCKED";
    }
    const monitor = isBlocked ? /^\s+- waiting to lock <(0x[0-9a-f]{1,16})>/.exec(line)?.[1] : undefined;
    if (monitor !== undefined) {
      const known = blocked.get(monitor);
      blocked.set(monitor, { count: (known?.count ?? 0) + 1, line: known?.line ?? line.trim() });
    }
    if (/^Found \w+ Java-level deadlocks?:/.test(line)) deadlockLine = line;
  }
  return count === 0 ? undefined : { count, blocked, deadlockLine };
}
