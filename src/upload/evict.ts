// Makes room in the spool. What must stay true: a local copy goes only when the receipt says that a store confirmed
// exactly this bundle, with all that was told about it since; everything else stays, however full the spool is.
import { lstat, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { digestBytes } from "../bundle/digests.ts";
import { bundlePaths } from "../bundle/layout.ts";
import { errnoOf } from "../errors.ts";
import { fsyncFolder } from "../host/files.ts";
import { isAlive, readBootId } from "../host/process-identity.ts";
import { listSpool, type SpoolEntry } from "./spool.ts";
import { removeUploadJournal } from "./upload-journal.ts";
import { uploadLockPath } from "./upload-lock.ts";
import { waitingOf } from "./waiting.ts";

const LEAVING = /^\.evicted-/;

export interface Evicted {
  /** Capture ids whose local copy is gone; their receipts stay. */
  readonly evicted: readonly string[];
  readonly freedBytes: number;
  /** What is left; may be more than the bound when it is not confirmed. */
  readonly leftBytes: number;
}

/**
 * Deletes local copies that a store has confirmed for longer than `keepMs`; and, oldest first, younger ones as long as
 * the spool holds more than `maxBytes`. `nowMs` is for tests.
 */
export async function evictUploaded(options: {
  readonly spool: string;
  readonly keepMs: number;
  readonly maxBytes: number;
  readonly nowMs?: number;
}): Promise<Evicted> {
  const { spool, keepMs, maxBytes, nowMs = Date.now() } = options;
  await finishLeaving(spool);
  const entries = await listSpool(spool);
  let leftBytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  const before = leftBytes;
  const evicted: string[] = [];
  for (const entry of entries) {
    const confirmedMs = await confirmedAt(spool, entry);
    if (confirmedMs === undefined || (nowMs - confirmedMs <= keepMs && leftBytes <= maxBytes)) continue;
    await remove(spool, entry.captureId);
    evicted.push(entry.captureId);
    leftBytes -= entry.bytes;
  }
  return { evicted, freedBytes: before - leftBytes, leftBytes };
}

/** When a store confirmed this very bundle; undefined when none did, or when something still waits to be told. */
async function confirmedAt(spool: string, entry: SpoolEntry): Promise<number | undefined> {
  if (entry.state !== "sealed" || entry.receipt === undefined) return undefined;
  // A note that waits is made from the bundle.
  if (waitingOf(entry)?.note === "waiting" && entry.receipt.notes.some(({ state }) => state === "waiting"))
    return undefined;
  // A guard whose COMMAND still runs will tell what became of it, into this folder.
  const agent = entry.capture?.agent;
  if (agent !== undefined && agent.bootId === readBootId() && isAlive(agent.pid, agent.startTime))
    return undefined;
  const paths = bundlePaths(spool, entry.captureId);
  const bytes = await readFile(paths.manifest).catch(() => undefined);
  if (bytes === undefined) return undefined;
  const { sha256 } = digestBytes(bytes);
  const times = entry.receipt.uploads
    .filter(({ manifestSha256 }) => manifestSha256 === sha256)
    .map(({ confirmedAt: at }) => Date.parse(at));
  if (times.length === 0) return undefined;
  const told = await changedAt(paths.outcome);
  if (told !== undefined && told > Math.max(...times)) return undefined;
  return Math.max(...times);
}

/** When a file was last written; undefined when there is none. What cannot be told counts as just now. */
async function changedAt(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).mtimeMs;
  } catch (error) {
    return errnoOf(error) === "ENOENT" ? undefined : Number.POSITIVE_INFINITY;
  }
}

/** Under another name first, so that a kill in between leaves no bundle that looks damaged. */
async function remove(spool: string, captureId: string): Promise<void> {
  const leaving = join(spool, `.evicted-${captureId}`);
  await rename(bundlePaths(spool, captureId).folder, leaving);
  await fsyncFolder(spool);
  await rm(leaving, { recursive: true, force: true });
  await removeUploadJournal(bundlePaths(spool, captureId).upload);
  await rm(uploadLockPath(spool, captureId), { force: true });
}

/** Deletes what an earlier run had begun to delete. */
async function finishLeaving(spool: string): Promise<void> {
  for (const name of await readdir(spool).catch((): string[] => []))
    if (LEAVING.test(name)) await rm(join(spool, name), { recursive: true, force: true });
}
