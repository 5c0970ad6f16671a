// Ending what was started for a capture: the whole process group of a command, and strays that left theirs. What must stay
// true: a command that attaches to the target by ptrace is only ever ended with SIGKILL, as SIGTERM leaves the target stopped.
import type { ChildProcess } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { delay } from "./clock.ts";

/** In the environment of everything we start for a capture, so that strays can be found by it. */
export const RUN_VARIABLE = "EXHIBIT_RUN";

/** Between the polite end and SIGKILL. */
const GRACE_MS = 500;

/** Sends a signal to the group that `pid` leads; it may have ended. */
export function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended.
  }
}

/** Ends a process group: politely unless it is a tracer, then for good. Resolves when the leader is gone. */
export async function endGroup(
  child: ChildProcess,
  how: { readonly tracer: boolean; readonly first: NodeJS.Signals },
): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return killGroup(child.pid, "SIGKILL");
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  if (!how.tracer) {
    killGroup(child.pid, how.first);
    await Promise.race([gone, delay(GRACE_MS)]);
  }
  killGroup(child.pid, "SIGKILL");
  await Promise.race([gone, delay(2 * GRACE_MS)]);
}

/** Every process that carries our mark, or one that begins with it; what left its group (setsid) is found by its environment. */
export async function findMarked(runId: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const entry of await readdir("/proc").catch(() => [])) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const environment = await readFile(`/proc/${entry}/environ`).catch(() => undefined);
    if (environment?.includes(`${RUN_VARIABLE}=${runId}`)) found.push(Number(entry));
  }
  return found;
}

/** Kills them all; how many there were. */
export async function sweep(runId: string): Promise<number> {
  let killed = 0;
  for (const pid of await findMarked(runId))
    try {
      process.kill(pid, "SIGKILL");
      killed++;
    } catch {
      // It has ended.
    }
  return killed;
}
