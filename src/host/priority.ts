// How much of the CPU we take. Until the evidence is secured we run ahead of the host's other work, because the process may
// die and the budget is a promise: on a host with fifteen runnable threads a core, a capture of 0.7 CPU seconds would
// otherwise take ten (measured). From then on we stand behind the patient. A tool that stops the target runs ahead too:
// slower is a longer pause. nice is per thread on Linux (setpriority(2), "C library/kernel differences").
import { readdirSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

/** What we were started with: somebody may have said nice(1). */
export const NORMAL = getPriority();
/** While evidence is taken: needs CAP_SYS_NICE; without it nothing changes. Two thirds of a core beside fifteen others. */
export const AHEAD = Math.min(NORMAL, -15);
/** For the few milliseconds of the first look. */
const AT_ONCE = -20;
/** For our own sealing: a little behind the service that starts now, but a bundle is not sealed minutes later (measured). */
export const SEALING = Math.max(NORMAL, 5);
/** For packing. */
export const BEHIND = Math.max(NORMAL, 10);

function setOne(id: number, nice: number): void {
  try {
    setPriority(id, nice);
  } catch {
    // Not permitted, or the thread has ended: priority is a courtesy, never a condition.
  }
}

/** Only the main thread: what runs synchronously. */
export function raisePriority(): void {
  setOne(0, AT_ONCE);
}

/** All threads of this process. */
export function setOwnPriority(nice: number): void {
  let threads: string[] = [];
  try {
    threads = readdirSync("/proc/self/task");
  } catch {
    // No /proc (illumos): the process alone.
  }
  if (threads.length === 0) setOne(0, nice);
  for (const thread of threads) setOne(Number(thread), nice);
}

export function setPriorityOf(pid: number, nice: number): void {
  setOne(pid, nice);
}
