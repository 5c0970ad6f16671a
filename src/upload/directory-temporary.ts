// The names under which files grow in a directory store before they are whole. A run that was killed leaves one behind:
// it is no evidence, it is never listed, and the next put into its folder removes it. What must stay true: the file of
// a run that is still alive is never removed.
import { createHash, randomBytes } from "node:crypto";
import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { isAlive, readBootId, readOwnIdentity, readPidNamespace } from "../host/process-identity.ts";

const NAME =
  /^\.exhibit-(?<kernel>[0-9a-f]{12})-(?<pid>\d{1,10})-(?<start>\d{1,20}|unknown)-[0-9a-f]{12}\.tmp$/;

/** Whoever wrote it elsewhere (another host, another container) is taken for dead after this long without a write. */
const ABANDONED_MS = 24 * 3_600_000;

/** Tells whose pids a name speaks of: this boot of this kernel and this pid namespace. */
function kernelMark(): string {
  return createHash("sha256").update(`${readBootId()} ${readPidNamespace()}`).digest("hex").slice(0, 12);
}

/** A new name of ours. */
export function temporaryName(): string {
  const { pid, startTime } = readOwnIdentity();
  return `.exhibit-${kernelMark()}-${pid}-${startTime}-${randomBytes(6).toString("hex")}.tmp`;
}

/** Removes what killed runs left in one folder. Never rejects: what stays is harmless. */
export async function removeTorn(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch((): string[] => [])) {
    const parts = NAME.exec(name)?.groups;
    if (parts && (await isTorn(join(folder, name), parts)))
      await unlink(join(folder, name)).catch(() => undefined);
  }
}

async function isTorn(path: string, parts: Readonly<Record<string, string>>): Promise<boolean> {
  const { kernel, pid, start } = parts;
  if (kernel === kernelMark()) return start !== undefined && !isAlive(Number(pid), start);
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs > ABANDONED_MS;
}
