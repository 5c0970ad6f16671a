// One small file of a bundle in a store, whole and checked: an object of its own in one request, a member of bundle.zip in
// two.
import { digestBytes } from "../bundle/digests.ts";
import { MANIFEST_FILE, ZIP_FILE } from "../bundle/layout.ts";
import type { FileRecord } from "../bundle/manifest.ts";
import { BESIDE } from "../bundle/verify.ts";
import { ExhibitError } from "../errors.ts";
import { printable } from "../printable.ts";
import { StoredFault } from "./pieces.ts";
import { unknownFile } from "./plan-fetch.ts";
import { isMemberPath, mustBeManifest, readStoredManifest, type StoredRef } from "./stored-bundle.ts";
import { readZipMember } from "./zip-member.ts";

export interface MemberBytes {
  readonly data: Buffer;
  readonly sha256: string;
  /** Whether a manifest said that they are right. */
  readonly checked: boolean;
}

/** Larger files are fetched: this is for the eye, and for memory. */
export const MEMBER_LIMIT_BYTES = 64 * 1024 ** 2;

const IN_ZIP = `${ZIP_FILE}/`;

/**
 * `path` is that of the manifest; below `bundle.zip/` that in the zip. A member whose object is gone is taken from the zip.
 * Throws UsageError for what the bundle does not have, StoredFault for what is not as it was sealed, UploadError.
 */
export async function readMember(ref: StoredRef, path: string): Promise<MemberBytes> {
  const read = await readStoredManifest(ref);
  if (path === MANIFEST_FILE && read !== undefined) {
    const { bytes, sha256 } = mustBeManifest(ref, read);
    return { data: bytes, sha256, checked: false };
  }
  if (read === undefined) return readUnlisted(ref, path);
  const { manifest } = mustBeManifest(ref, read);
  const name = path.startsWith(IN_ZIP) ? path.slice(IN_ZIP.length) : path;
  const record = manifest.files.find((file) => file.path === name);
  if (record === undefined) {
    if (BESIDE.has(path)) return readUnlisted(ref, path);
    throw unknownFile(
      path,
      manifest.files.map((file) => file.path),
    );
  }
  mustBeSmall(record);
  const own = path === name ? await readObject(ref, path, record.bytes) : undefined;
  const data = own ?? (record.inZip ? await readZipped(ref, record) : undefined);
  if (data === undefined) throw new StoredFault("missing", `${path}: listed in the manifest, but not there`);
  return checkedBytes(data, record);
}

/** Throws unless it may be held in memory. */
export function mustBeSmall({ path, bytes }: Pick<FileRecord, "path" | "bytes">): void {
  if (bytes <= MEMBER_LIMIT_BYTES) return;
  throw new ExhibitError(
    `${printable(path)}: has ${bytes} bytes, more than are shown (${MEMBER_LIMIT_BYTES})`,
    {
      hint: "exhibit fetch brings it here",
    },
  );
}

/** Throws StoredFault when they are not those of the manifest. */
export function checkedBytes(data: Buffer, record: FileRecord): MemberBytes {
  const { sha256 } = digestBytes(data);
  if (sha256 === record.sha256) return { data, sha256, checked: true };
  throw new StoredFault("changed", `${record.path}: sha256 is ${sha256}, not ${record.sha256}`, {
    hint: "it is not as it was sealed; exhibit verify names every such file",
  });
}

async function readObject(
  { store, prefix }: StoredRef,
  path: string,
  bytes: number,
): Promise<Buffer | undefined> {
  const found = await store.readRange(`${prefix}/${path}`, { from: 0, bytes: Math.max(1, bytes) });
  if (found && found.totalBytes !== bytes)
    throw new StoredFault("changed", `${path}: has ${found.totalBytes} bytes, not ${bytes}`, {
      hint: "it is not as it was sealed; exhibit verify names every such file",
    });
  return found?.data;
}

async function readZipped(
  { store, prefix }: StoredRef,
  { path, bytes }: FileRecord,
): Promise<Buffer | undefined> {
  return readZipMember(store, `${prefix}/${ZIP_FILE}`, { path, limitBytes: bytes });
}

/** What no manifest lists: of an interrupted bundle, or told beside the seal. */
async function readUnlisted({ store, prefix }: StoredRef, path: string): Promise<MemberBytes> {
  const found = isMemberPath(path)
    ? await store.readRange(`${prefix}/${path}`, { from: 0, bytes: MEMBER_LIMIT_BYTES })
    : undefined;
  if (found === undefined) throw unknownFile(path, []);
  mustBeSmall({ path, bytes: found.totalBytes });
  return { data: found.data, sha256: digestBytes(found.data).sha256, checked: false };
}
