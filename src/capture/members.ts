// The members of a bundle as they lie on disk: which there are, and what the manifest says of each.
import { readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { digestFile } from "../bundle/digests.ts";
import { EVIDENCE_FOLDER, isMemberName } from "../bundle/layout.ts";
import type { FileRecord, Sensitivity } from "../bundle/manifest.ts";
import { mediaTypeOf } from "../bundle/media-type.ts";
import { belongsInZip } from "../bundle/zip.ts";

/** Paths of all files below evidence/, sorted; what a kill left half-made under a name of its own is removed. */
export async function listEvidence(folder: string): Promise<string[]> {
  const found: string[] = [];
  const root = join(folder, EVIDENCE_FOLDER);
  for (const collector of await readdir(root)) {
    for (const name of await readdir(join(root, collector))) {
      if (isMemberName(name) && !name.endsWith(".redacting"))
        found.push(`${EVIDENCE_FOLDER}/${collector}/${name}`);
      else await unlink(join(root, collector, name));
    }
  }
  return found.toSorted();
}

/** Digest, kind and sensitivity of each; `cores` are the paths in the bundle that hold memory. */
export async function describeMembers(
  folder: string,
  paths: readonly string[],
  cores: ReadonlySet<string>,
): Promise<FileRecord[]> {
  const records: FileRecord[] = [];
  for (const path of paths) {
    const sensitivity: Sensitivity = cores.has(path)
      ? "core"
      : path.startsWith(EVIDENCE_FOLDER)
        ? "text"
        : "none";
    const digest = await digestFile(join(folder, path));
    const collector = path.startsWith(EVIDENCE_FOLDER) ? path.split("/")[1] : undefined;
    const record = {
      path,
      ...digest,
      mediaType: mediaTypeOf(path),
      sensitivity,
      ...(collector === undefined ? {} : { collector }),
    };
    records.push({ ...record, inZip: belongsInZip(record) });
  }
  return records;
}
