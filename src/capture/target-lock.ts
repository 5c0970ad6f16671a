// Whether a process is being captured: whoever captures it holds its lock until the evidence is secured (host/guardian.ts).
import { existsSync } from "node:fs";
import { join } from "node:path";
import { LOCKS_FOLDER } from "../bundle/layout.ts";
import { runQuick } from "../host/run.ts";

/** The lock of one process: pid and start time are never given twice in a boot. */
export function targetLockPath(
  spool: string,
  { pid, startTime }: { readonly pid: number; readonly startTime: string },
): string {
  return join(spool, LOCKS_FOLDER, `${pid}-${startTime}`);
}

/** What flock(1) says when somebody holds it. */
const HELD = 75;

/** False where it cannot be told. */
export async function isBeingCaptured(
  spool: string,
  target: { readonly pid: number; readonly startTime: string },
): Promise<boolean> {
  const path = targetLockPath(spool, target);
  if (!existsSync(path)) return false;
  return (await runQuick(["flock", "-n", "-E", String(HELD), path, "true"])).exitCode === HELD;
}
