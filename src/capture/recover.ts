// What a killed Exhibit left is sealed as `interrupted` by the next command that looks at the spool. One at a time: two
// that seal the same bundle would each make the other's digests wrong.
import { readdir, rm, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { bundlePaths, EVIDENCE_FOLDER, LOCKS_FOLDER } from "../bundle/layout.ts";
import type { CaptureFile, CollectorRecord } from "../bundle/manifest.ts";
import { messageOf } from "../errors.ts";
import { delay } from "../host/clock.ts";
import { isTemporaryName, makeFolder } from "../host/files.ts";
import { isInOwnCgroup, removeEmptyCgroups } from "../host/own-cgroup.ts";
import { findMarked, sweep } from "../host/process-group.ts";
import { isAlive } from "../host/process-identity.ts";
import { holdLock } from "../host/lock.ts";
import { listSpool } from "../upload/spool.ts";
import { readJournal } from "./journal.ts";
import { bytesIn, CORE, KILLED_WHILE, recordLeftCore } from "./left-core.ts";
import { sealBundle, type SealingSettings, type SealRequest } from "./seal.ts";

/** For processes that were just killed to be gone, with what they were writing. */
const STRAYS_END_MS = 200;

const LOOK_MS = 100;

const KILLED = {
  capture: "exhibit was killed while it captured",
  run: "exhibit was killed while the command ran",
  add: "exhibit was killed while it copied",
};

export interface Recovery {
  readonly captureId: string;
  readonly state: "sealed" | "failed";
  readonly reason?: string;
}

/**
 * Seals every interrupted bundle of a spool; one whose core is still being completed is waited for at most `patienceMs` in
 * all. Never rejects for one of them: the others go on.
 */
export async function recoverSpool(
  spool: string,
  urlOf: (capture: CaptureFile) => string,
  { patienceMs = 0, ...sealing }: SealingSettings & { readonly patienceMs?: number },
): Promise<readonly Recovery[]> {
  const interrupted = async () => (await listSpool(spool)).filter(({ state }) => state === "interrupted");
  if ((await interrupted()).length === 0) {
    await removeLeftovers(spool);
    return [];
  }
  await makeFolder(join(spool, LOCKS_FOLDER));
  const completed = openPatience(patienceMs);
  const lock = await holdLock(join(spool, LOCKS_FOLDER, "recovery"), 10_000);
  if (!lock) return [];
  try {
    const done: Recovery[] = [];
    // Listed anew: whoever held the lock before us may have sealed some.
    for (const entry of await interrupted()) {
      // What is not whole by now is sealed by a later command.
      if (!entry.capture || !(await completed(entry.captureId))) continue;
      try {
        await sealInterrupted(spool, entry.capture, { url: urlOf(entry.capture), sealing });
        done.push({ captureId: entry.captureId, state: "sealed" });
      } catch (error) {
        done.push({ captureId: entry.captureId, state: "failed", reason: messageOf(error) });
      }
    }
    return done;
  } finally {
    await lock.release();
    await removeLeftovers(spool);
  }
}

/** Asks whether nobody completes the core of a bundle any more. */
function openPatience(patienceMs: number): (captureId: string) => Promise<boolean> {
  const end = performance.now() + patienceMs;
  return async (captureId) => {
    for (;;) {
      if (!(await findMarked(captureId)).some(isInOwnCgroup)) return true;
      if (performance.now() > end) return false;
      await delay(LOOK_MS);
    }
  };
}

async function sealInterrupted(
  spool: string,
  capture: CaptureFile,
  to: Pick<SealRequest, "url" | "sealing">,
): Promise<void> {
  const paths = bundlePaths(spool, capture.captureId);
  // Its guardian does so too, a moment after the kill or never; a file that still grows would not be as it was sealed.
  if ((await sweep(capture.captureId)) > 0) await delay(STRAYS_END_MS);
  const entries = await readJournal(paths.journal);
  const records = new Map<string, CollectorRecord>();
  const begun = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === "collector") records.set(entry.record.name, entry.record);
    if (entry.kind === "identity") begun.add(entry.check.before);
  }
  const folders = new Set(await readdir(join(paths.folder, EVIDENCE_FOLDER)));
  for (const { name, tool = name, touch } of capture.planned) {
    if (records.has(name)) continue;
    const had = folders.has(name);
    records.set(name, {
      name,
      tool,
      ...(touch === "none" || touch === "brief" || touch === "stop" || touch === "inside" ? { touch } : {}),
      status: had ? "partial" : "skipped",
      reason: had ? KILLED_WHILE : "exhibit was killed before it began",
      commands: [],
      bytes: had ? await bytesIn(paths.evidence(name)) : 0,
    });
  }
  const left = await recordLeftCore(paths, records.get(CORE));
  if (left !== undefined) records.set(CORE, left.record);
  const pauses = entries.flatMap((entry) => (entry.kind === "resumed" ? [entry.observedPauseMs] : []));
  const openPause = entries.filter(({ kind }) => kind === "pause").length > pauses.length;
  const secured = entries.find((entry) => entry.kind === "secured");
  const last =
    secured?.at ??
    [...records.values()]
      .map((record) => record.endedAt)
      .filter((at) => at !== undefined)
      .toSorted()
      .at(-1);
  const finishedAt = last ?? (await lastWriteIn(paths.folder, folders)) ?? capture.startedAt;
  await sealBundle({
    paths,
    capture,
    records: [...records.values()],
    readings: [
      ...entries.flatMap((entry) => (entry.kind === "collector" ? entry.readings : [])),
      ...(left?.readings ?? []),
    ],
    checks: entries.flatMap((entry) => (entry.kind === "identity" ? [entry.check] : [])),
    cores: entries.flatMap((entry) => (entry.kind === "core" ? [entry.file] : [])),
    interrupted: secured
      ? "exhibit ended before the bundle was sealed; everything had been secured"
      : KILLED[capture.made ?? "capture"],
    finishedAt,
    durationMs: Math.max(0, Date.parse(finishedAt) - Date.parse(capture.startedAt)),
    // A pause that never ended in the journal has no known length.
    ...(openPause ? {} : { pausedMs: pauses.reduce((sum, ms) => sum + ms, 0) }),
    ...to,
  });
}

/** When the newest file of evidence was written. */
async function lastWriteIn(folder: string, collectors: ReadonlySet<string>): Promise<string | undefined> {
  let lastMs = 0;
  for (const collector of collectors)
    for (const name of await readdir(join(folder, EVIDENCE_FOLDER, collector)))
      lastMs = Math.max(lastMs, (await stat(join(folder, EVIDENCE_FOLDER, collector, name))).mtimeMs);
  return lastMs === 0 ? undefined : new Date(lastMs).toISOString();
}

/** Folders of bundles that never began, files of bundles that are sealed, and locks on processes that have ended. */
async function removeLeftovers(spool: string): Promise<void> {
  removeEmptyCgroups();
  const names = await readdir(spool).catch((): string[] => []);
  for (const name of names) {
    const owner = /^\.(.+)\.new$/.exec(name)?.[1];
    // A bundle is under its building name for less than a second, or its maker is dead.
    if (owner !== undefined && isOld(owner)) await rm(join(spool, name), { recursive: true, force: true });
    if (isTemporaryName(name) && (await isStale(join(spool, name))))
      await unlink(join(spool, name)).catch(() => undefined);
    const side = /^(.+)\.(?:secrets\.json|(?:journal|late|masked)\.jsonl)$/.exec(name)?.[1];
    if (side !== undefined && !names.includes(side) && isOld(side))
      await unlink(join(spool, name)).catch(() => undefined);
    if (side !== undefined && names.includes(side)) await unlinkIfSealed(spool, name, side);
    const sent = /^(.+)\.upload\.jsonl$/.exec(name)?.[1];
    if (sent !== undefined && !names.includes(sent) && isOld(sent))
      await unlink(join(spool, name)).catch(() => undefined);
  }
  for (const lock of await readdir(join(spool, LOCKS_FOLDER)).catch((): string[] => [])) {
    const [pid, startTime] = lock.split("-");
    if (startTime !== undefined && !isAlive(Number(pid), startTime))
      await unlink(join(spool, LOCKS_FOLDER, lock)).catch(() => undefined);
  }
}

async function unlinkIfSealed(spool: string, name: string, captureId: string): Promise<void> {
  const files = await readdir(join(spool, captureId)).catch((): string[] => []);
  if (files.includes("manifest.json")) await unlink(join(spool, name)).catch(() => undefined);
}

/** Whoever writes a file renames it within seconds; a zip of a large bundle takes minutes. */
async function isStale(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > 3_600_000;
}

/** Whether the start that a capture id tells is more than a minute ago. */
function isOld(captureId: string): boolean {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(captureId);
  if (!match) return true;
  const [, year, month, day, hour, minute, second] = match;
  return Date.now() - Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) > 60_000;
}
