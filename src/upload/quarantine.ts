// Bundles that are too damaged to be sent are put aside, so that they stand in nobody's way and are lost by nobody. What
// must stay true: nothing is ever deleted; what cannot be read, or is of another version of ours, stays where it is.
import { readdir, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { bundlePaths, QUARANTINE_FOLDER } from "../bundle/layout.ts";
import { CaptureId, SCHEMA_VERSION } from "../bundle/manifest.ts";
import { errnoOf } from "../errors.ts";
import { fsyncFolder, makeFolder } from "../host/files.ts";
import { listSpool, readEntry, type SpoolEntry } from "./spool.ts";

export interface Quarantined {
  readonly captureId: string;
  /** Where it is now. */
  readonly path: string;
  readonly reason: string;
}

/** Moves every damaged bundle, with what lies beside it, below `quarantine/`; what may not be moved stays. */
export async function quarantineDamaged(spool: string): Promise<readonly Quarantined[]> {
  const moved: Quarantined[] = [];
  for (const { captureId } of (await listSpool(spool)).filter(isCorrupt)) {
    // Looked at again: another process may have moved or finished it meanwhile.
    const entry = await readEntry(spool, captureId);
    if (!isCorrupt(entry) || (await isOfAnotherVersion(entry))) continue;
    const path = await putAside(spool, captureId).catch(() => undefined);
    if (path !== undefined) moved.push({ captureId, path, reason: entry.reason ?? "damaged" });
  }
  return moved;
}

/** What is in quarantine, oldest first. */
export async function listQuarantine(spool: string): Promise<readonly SpoolEntry[]> {
  return listSpool(join(spool, QUARANTINE_FOLDER));
}

/** A folder of another name was never a bundle, and is somebody's. */
function isCorrupt({ captureId, state, reason }: SpoolEntry): boolean {
  const isUnreadable = reason?.includes("cannot be read") === true;
  return state === "damaged" && CaptureId.safeParse(captureId).success && !isUnreadable;
}

async function isOfAnotherVersion({ path }: SpoolEntry): Promise<boolean> {
  for (const name of ["manifest.json", "capture.json"]) {
    try {
      const json: unknown = JSON.parse(await readFile(join(path, name), "utf8"));
      if (typeof json !== "object" || json === null || !("schemaVersion" in json)) continue;
      if (json.schemaVersion !== SCHEMA_VERSION) return true;
    } catch {
      // It is what makes the bundle damaged.
    }
  }
  return false;
}

async function putAside(spool: string, captureId: string): Promise<string | undefined> {
  const folder = join(spool, QUARANTINE_FOLDER);
  await makeFolder(folder);
  const path = join(folder, captureId);
  // One of this name was put aside before: this one waits for a person.
  if (await stat(path).catch(() => undefined)) return undefined;
  await rename(bundlePaths(spool, captureId).folder, path);
  for (const name of await readdir(spool))
    if (name.startsWith(`${captureId}.`))
      await rename(join(spool, name), join(folder, name)).catch((error: unknown) => {
        if (errnoOf(error) !== "ENOENT") throw error;
      });
  await fsyncFolder(folder);
  await fsyncFolder(spool);
  return path;
}
