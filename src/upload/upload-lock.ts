// One sender for each bundle: a push beside a capture, or two pushes, would each abort the unfinished upload of the other.
import { join } from "node:path";
import { LOCKS_FOLDER } from "../bundle/layout.ts";
import { hasCommand } from "../host/commands-on-path.ts";
import { makeFolder } from "../host/files.ts";
import { holdLock, type Lock } from "../host/lock.ts";

/** Where the lock of a bundle is. No `-` in its name: the part before it would be taken for a pid. */
export function uploadLockPath(spool: string, captureId: string): string {
  return join(spool, LOCKS_FOLDER, `upload.${captureId.replaceAll("-", "_")}`);
}

/** Undefined when another process sends the bundle. Where flock(1) is missing nothing is locked. */
export async function lockUpload(spool: string, captureId: string): Promise<Lock | undefined> {
  if (!(await hasCommand("flock"))) return { release: async () => undefined };
  await makeFolder(join(spool, LOCKS_FOLDER));
  return holdLock(uploadLockPath(spool, captureId), 0);
}
