// Threads that wait for a lock somebody else holds, look by look, and whether they ever got on.
import { parseFutexWait } from "../parsers/futex-wait.ts";
import type { ThreadEvidence, ThreadLook } from "./evidence/threads.ts";

export interface LockWaits {
  /** Of each look, oldest first: the waiting threads by the address of their lock. */
  readonly looks: readonly ReadonlyMap<string, readonly ThreadLook[]>[];
  /** Threads that were seen at the last look. */
  readonly threads: number;
}

export function lockWaitsOf({ looks }: ThreadEvidence): LockWaits {
  const byTime = new Map<number, { waits: Map<string, ThreadLook[]>; threads: number }>();
  for (const look of looks) {
    const at = byTime.get(look.monotonicMs) ?? { waits: new Map<string, ThreadLook[]>(), threads: 0 };
    byTime.set(look.monotonicMs, at);
    at.threads++;
    const wait = look.syscall === undefined ? undefined : parseFutexWait(look.syscall);
    if (!wait?.isLock) continue;
    const those = at.waits.get(wait.address) ?? [];
    those.push(look);
    at.waits.set(wait.address, those);
  }
  const ordered = [...byTime].toSorted(([a], [b]) => a - b).map(([, at]) => at);
  return { looks: ordered.map(({ waits }) => waits), threads: ordered.at(-1)?.threads ?? 0 };
}

/** Threads that neither were on a CPU nor waited anew in any interval, of those that were seen in all of them. */
export function restedThreads({ usages }: ThreadEvidence): ReadonlySet<number> {
  const moved = new Set<number>();
  const intervals = new Map<number, number>();
  for (const { tid, cpuPercent, voluntary, involuntary } of usages) {
    intervals.set(tid, (intervals.get(tid) ?? 0) + 1);
    if (voluntary === undefined || voluntary > 0 || (involuntary ?? 0) > 0 || (cpuPercent ?? 0) > 0)
      moved.add(tid);
  }
  const most = Math.max(0, ...intervals.values());
  return new Set([...intervals].flatMap(([tid, times]) => (times === most && !moved.has(tid) ? [tid] : [])));
}
