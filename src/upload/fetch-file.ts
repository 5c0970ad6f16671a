// One file of a bundle on its way from a store to this host. What must stay true: its final name appears only when it has
// the right size and digest, and never in place of another file; what came before a cut is not asked for again.
import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { link, lstat, open, rename, truncate, unlink, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { digestBytes, digestFile } from "../bundle/digests.ts";
import { errnoOf, ExhibitError } from "../errors.ts";
import { fsyncFolder, writeAll, writeFileDurable } from "../host/files.ts";
import { readPieces, StoredFault } from "./pieces.ts";
import type { Store } from "./store.ts";

export interface WantedFile {
  /** In the bundle. */
  readonly path: string;
  readonly key: string;
  readonly bytes: number;
  /** undefined when nothing says what it should be: of a bundle that was never sealed. */
  readonly sha256: string | undefined;
}

export interface Landing {
  readonly store: Store;
  /** Where the bundle's files go. */
  readonly folder: string;
  /** Where they grow: a folder of ours beside it, on the same file system. */
  readonly parts: string;
  /** Makes a folder below `folder`, following no link. */
  readonly ensure: (folder: string) => Promise<void>;
  readonly signal?: AbortSignal;
  /** So many bytes more are here. */
  readonly onBytes?: (bytes: number) => void;
}

/** A file is here already and is not what would be fetched. */
export class DiffersError extends ExhibitError {}

/**
 * Brings one file. Throws StoredFault when the store's is not what it should be, DiffersError when another one is in its
 * place here, UploadError when the store does not answer, and the system's errors.
 */
export async function fetchFile(wanted: WantedFile, landing: Landing): Promise<"fetched" | "present"> {
  const path = join(landing.folder, wanted.path);
  await landing.ensure(dirname(path));
  if (await isHere(path, wanted)) {
    landing.onBytes?.(wanted.bytes);
    return "present";
  }
  const part = join(landing.parts, partName(wanted));
  // A part that leads to a wrong digest may have been begun wrongly: once more, from its beginning.
  if (!(await fillPart(part, wanted, landing))) await fillPart(part, wanted, landing);
  await giveName(part, path);
  return "fetched";
}

/** What of a file is still to come; for the room it takes, so what is here counts by its size alone. */
export async function missingBytes(wanted: WantedFile, { folder, parts }: Landing): Promise<number> {
  for (const path of [join(folder, wanted.path), join(parts, partName(wanted))]) {
    const stats = await lstat(path).catch(() => undefined);
    if (stats) return Math.max(0, wanted.bytes - stats.size);
  }
  return wanted.bytes;
}

/** The same file of the same bundle goes on in the same part; one that should have other bytes does not. */
function partName({ path, bytes, sha256 }: WantedFile): string {
  return `${createHash("sha256").update(`${path}\n${bytes}\n${sha256}`).digest("hex").slice(0, 32)}.part`;
}

async function isHere(
  path: string,
  { bytes, sha256 }: Pick<WantedFile, "bytes" | "sha256">,
): Promise<boolean> {
  try {
    const found = await digestFile(path);
    if (sha256 === undefined ? found.bytes === bytes : found.sha256 === sha256) return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    if (errnoOf(error) !== "ELOOP" && errnoOf(error) !== "EISDIR") throw error;
  }
  throw new DiffersError("is here already, and is another file", {
    hint: `move ${path} away, or fetch into another folder`,
  });
}

/** False when what had come before was wrong: the part is empty again. */
async function fillPart(part: string, wanted: WantedFile, landing: Landing): Promise<boolean> {
  const flags =
    constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  await using file = await open(part, flags, 0o600);
  const hash = createHash("sha256");
  const begun = await resume(file, wanted.bytes, hash);
  landing.onBytes?.(begun);
  if (begun < wanted.bytes || wanted.bytes === 0)
    for await (const piece of readPieces(landing.store, wanted.key, {
      bytes: wanted.bytes,
      from: begun,
      ...(landing.signal ? { signal: landing.signal } : {}),
    })) {
      await writeAll(file, piece);
      hash.update(piece);
      landing.onBytes?.(piece.length);
    }
  await file.sync();
  const found = hash.digest("hex");
  const { size } = await file.stat();
  if (size === wanted.bytes && (wanted.sha256 === undefined || found === wanted.sha256)) return true;
  await truncate(part, 0);
  if (begun > 0) {
    landing.onBytes?.(-wanted.bytes);
    return false;
  }
  await unlink(part);
  throw new StoredFault("changed", `sha256 is ${found}, not ${wanted.sha256}`);
}

/** Hashes what has come already; how much that is. More than there should be is none. */
async function resume(file: FileHandle, bytes: number, hash: Hash): Promise<number> {
  const stats = await file.stat();
  if (!stats.isFile() || stats.nlink !== 1) throw new ExhibitError("the file it grows in is not ours alone");
  if (stats.size > bytes) {
    await file.truncate(0);
    return 0;
  }
  const piece = Buffer.allocUnsafe(1024 ** 2);
  for (let at = 0; at < stats.size;) {
    const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, stats.size - at), at);
    if (bytesRead === 0) throw new ExhibitError("the file it grows in became shorter");
    hash.update(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
  return stats.size;
}

/** Puts a small file that was read already, in the same way. */
export async function landBytes(path: string, data: Buffer, parts: string): Promise<"fetched" | "present"> {
  const { bytes, sha256 } = digestBytes(data);
  if (await isHere(path, { bytes, sha256 })) return "present";
  const part = join(parts, `${basename(path)}.part`);
  await writeFileDurable(part, data);
  await giveName(part, path);
  return "fetched";
}

/** Its final name, durable; link(2) never replaces a file, and where there are no hard links we look first. */
async function giveName(part: string, path: string): Promise<void> {
  try {
    await link(part, path);
    await unlink(part);
  } catch (error) {
    if (errnoOf(error) === "EEXIST") throw taken(path);
    if (!["EPERM", "ENOTSUP", "ENOSYS"].includes(errnoOf(error) ?? "")) throw error;
    if (await lstat(path).catch(() => undefined)) throw taken(path);
    await rename(part, path);
  }
  await fsyncFolder(dirname(path));
}

function taken(path: string): DiffersError {
  return new DiffersError("somebody else has made it meanwhile", {
    hint: `move ${path} away and fetch again`,
  });
}
