// The members of a bundle as they lie on disk: which there are, and what the manifest says of each.
import { readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { digestFile, type Digest } from "../bundle/digests.ts";
import { isBinaryFile } from "../bundle/binary-file.ts";
import { ADDED, EVIDENCE_FOLDER, isMemberName } from "../bundle/layout.ts";
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

/** Of these members those that are kept byte for byte: binary files that `add` was given. Told by what is in them alone. */
export async function findUnmasked(folder: string, paths: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const path of paths)
    if (path.startsWith(`${EVIDENCE_FOLDER}/${ADDED}/`) && (await isBinaryFile(join(folder, path))))
      found.add(path);
  return found;
}

/** Which members are more than text: paths in the bundle. */
export interface Marks {
  /** They hold memory. */
  readonly cores: ReadonlySet<string>;
  readonly encrypted: ReadonlyMap<string, Pick<FileRecord, "encryption" | "plain">>;
  readonly unmasked: ReadonlySet<string>;
  /** What is known already; what is found out is added. */
  readonly digests: Map<string, Digest>;
}

/** Digest, kind and sensitivity of each. */
export async function describeMembers(
  folder: string,
  paths: readonly string[],
  { cores, encrypted, unmasked, digests }: Marks,
): Promise<FileRecord[]> {
  const records: FileRecord[] = [];
  for (const path of paths) {
    const sensitivity: Sensitivity = cores.has(path)
      ? "core"
      : path.startsWith(EVIDENCE_FOLDER)
        ? "text"
        : "none";
    const digest = digests.get(path) ?? (await digestFile(join(folder, path)));
    digests.set(path, digest);
    const collector = path.startsWith(EVIDENCE_FOLDER) ? path.split("/")[1] : undefined;
    const record = {
      path,
      ...digest,
      mediaType: mediaTypeOf(path),
      sensitivity,
      ...(collector === undefined ? {} : { collector }),
      ...encrypted.get(path),
      ...(unmasked.has(path) ? { unmasked: true as const } : {}),
    };
    records.push({ ...record, inZip: belongsInZip(record) });
  }
  return records;
}
