// bundle.zip: all of a bundle but the big and the sensitive members, in one file that a person opens. Member names are
// ours, none twice, no links: archiver would silently rename or store them otherwise.
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fsyncFile, temporaryName } from "../host/files.ts";
import type { FileRecord } from "./manifest.ts";

/** A larger member has its own object in the store, and would make the zip slow to open. */
export const ZIP_MEMBER_LIMIT_BYTES = 64 * 1024 ** 2;

/** Whether a member goes into the zip. */
export function belongsInZip(file: Pick<FileRecord, "bytes" | "sensitivity">): boolean {
  return file.sensitivity !== "core" && file.bytes <= ZIP_MEMBER_LIMIT_BYTES;
}

/** Writes `zipPath` durably from the members of a bundle's folder, below one top folder of the bundle's name. */
export async function writeZip(request: {
  readonly folder: string;
  readonly zipPath: string;
  readonly top: string;
  readonly members: readonly string[];
  readonly date: Date;
}): Promise<void> {
  const { folder, zipPath, top, members, date } = request;
  if (new Set(members).size !== members.length) throw new Error("a member of the zip is named twice");
  // A quarter of all our code, of no use before a bundle is sealed: it is not in memory while evidence is taken.
  const { ZipArchive } = await import("archiver");
  // Beside the bundle, not in it: a torn one is no part of it.
  const temporary = temporaryName(zipPath, dirname(folder));
  // One at a time, or the order of the members is that in which their stat(2) answers.
  const archive = new ZipArchive({ zlib: { level: 6 }, statConcurrency: 1 });
  const output = createWriteStream(temporary, { mode: 0o600, flags: "wx" });
  const failed = new Promise<never>((_, reject) => {
    archive.on("error", reject);
    archive.on("warning", reject);
    output.on("error", reject);
  });
  const closed = once(output, "close");
  archive.pipe(output);
  for (const member of members)
    archive.file(join(folder, member), { name: `${top}/${member}`, date, mode: 0o600 });
  try {
    await Promise.race([Promise.all([archive.finalize(), closed]), failed]);
    await fsyncFile(temporary);
    await rename(temporary, zipPath);
  } catch (error) {
    archive.abort();
    output.destroy();
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}
