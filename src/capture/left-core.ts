// The core of a capture that was ended: finished meanwhile by its helper alone, or torn.
import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { BundlePaths } from "../bundle/layout.ts";
import type { CollectorRecord, ReadingRecord } from "../bundle/manifest.ts";
import { describeLeftCore, PENDING } from "../collectors/core/late-core.ts";
import { readDisk } from "../host/disk.ts";
import { writeFileDurable } from "../host/files.ts";
import { printable } from "../printable.ts";
import { toRecord } from "./judge-collector.ts";

/** The collector whose evidence may be whole later than its capture. */
export const CORE = "core";
export const KILLED_WHILE = "exhibit was killed while it ran";

interface LeftCore {
  readonly record: CollectorRecord;
  readonly readings: readonly ReadingRecord[];
}

/** The record of a core whose capture was ended before it was whole, as it is now; undefined where nothing is to be changed. */
export async function recordLeftCore(
  paths: BundlePaths,
  record: CollectorRecord | undefined,
): Promise<LeftCore | undefined> {
  const isOpen = record?.reason === KILLED_WHILE || record?.reason?.endsWith(PENDING);
  const folder = paths.evidence(CORE);
  const core = isOpen ? await describeLeftCore(paths.late, folder) : undefined;
  if (record === undefined) return undefined;
  if (core === undefined) return record.reason === KILLED_WHILE ? withoutTorn(paths, record) : undefined;
  const removed = core.problems.length === 0 ? [] : await makeRoom(paths);
  const facts = removed.length === 0 ? core.facts : { ...core.facts, storedBytes: undefined };
  await writeFileDurable(join(folder, "core.json"), `${JSON.stringify(facts, undefined, 2)}\n`);
  const { reason = "", ...rest } = record;
  const before = reason === KILLED_WHILE ? "" : reason.slice(0, -PENDING.length).replace(/; $/, "");
  const reasons = [...(before === "" ? [] : [before]), ...core.problems, ...removed];
  return {
    record: {
      ...rest,
      ...(reasons.length === 0
        ? { status: "ok" as const }
        : { status: "partial" as const, reason: printable(reasons.join("; "), 2000) }),
      method: core.method,
      bytes: await bytesIn(folder),
    },
    readings: core.readings.map((reading) => toRecord(CORE, reading)),
  };
}

/** It never stood: what there is of it is a stump. */
async function withoutTorn(paths: BundlePaths, record: CollectorRecord): Promise<LeftCore | undefined> {
  const removed = await makeRoom(paths);
  if (removed.length === 0) return undefined;
  const reason = [KILLED_WHILE, ...removed].join("; ");
  return { record: { ...record, reason, bytes: await bytesIn(paths.evidence(CORE)) }, readings: [] };
}

/** Below this nothing can be sealed. */
const SEAL_BYTES = 4 * 1024 ** 2;

/**
 * A core that is none and fills the disk would keep the rest from being sealed, and every other capture from beginning: its files
 * are removed where there is no room. What was done, in words.
 */
async function makeRoom(paths: BundlePaths): Promise<string[]> {
  const disk = await readDisk(paths.folder).catch(() => undefined);
  if (disk === undefined || disk.freeBytes >= SEAL_BYTES) return [];
  const folder = paths.evidence(CORE);
  const names = await readdir(folder).catch((): string[] => []);
  const torn = names.filter((name) => name.startsWith("core") && name !== "core.json");
  for (const name of torn) await unlink(join(folder, name)).catch(() => undefined);
  return torn.length === 0 ? [] : ["the disk was full: what there was of the core is removed"];
}

/** Of all its files. */
export async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder)) bytes += (await stat(join(folder, name))).size;
  return bytes;
}
