// The guardian as a capture needs it: what its absence means, and how long it may be waited for.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { LOCKS_FOLDER, type BundlePaths } from "../bundle/layout.ts";
import { ExhibitError, messageOf } from "../errors.ts";
import { openDeadline } from "../host/deadline.ts";
import { makeFolder } from "../host/files.ts";
import { BusyError, startGuardian, type Guardian } from "../host/guardian.ts";
import type { CaptureRequest } from "./request.ts";
import { targetLockPath } from "./target-lock.ts";

/** For a shell to say that the lock stayed taken. */
const ANSWER_MS = 200;

/**
 * The guardian of the request's target. Without one nothing may stop the target, but what only reads goes on: then its
 * `pause` rejects. Throws BusyError, and leaves no bundle, when another capture holds the target until `leftMs` are over.
 */
export async function openGuardian(
  request: CaptureRequest,
  paths: BundlePaths,
  time: { readonly stop: AbortSignal; readonly leftMs: number },
): Promise<Guardian> {
  const { target } = request;
  const deadline = openDeadline(Math.max(0, time.leftMs) + ANSWER_MS, time.stop);
  const locks = join(request.spool.path, LOCKS_FOLDER);
  try {
    await makeFolder(locks);
    return await startGuardian({
      lockPath: targetLockPath(request.spool.path, target),
      // What is waited here is gone from the budget; without an answer by then COMMAND would wait as well.
      waitMs: Math.min(request.lockWaitMs, time.leftMs),
      signal: deadline.signal,
      runId: paths.captureId,
      pid: target.pid,
      startTime: target.startTime,
    });
  } catch (error) {
    if (error instanceof BusyError) {
      // The other capture has the evidence; ours has only begun.
      for (const path of [paths.folder, paths.secrets, paths.journal])
        await rm(path, { recursive: true, force: true });
      throw error;
    }
    const refuse = () => Promise.reject(new ExhibitError(messageOf(error)));
    return { pause: refuse, resumed: async () => undefined, release: async () => undefined };
  } finally {
    deadline.close();
  }
}
