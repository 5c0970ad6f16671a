// A file on its way to a store, read once in pieces and checked while it is read. What must stay true: no store ever
// takes bytes that are not those the manifest names, and memory does not grow with the file.
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { errnoOf, UploadError } from "../errors.ts";
import type { Member } from "./store.ts";
import { UnsendableError } from "./unsendable.ts";

const PIECE_BYTES = 1024 ** 2;

/** What is expected of a file; `path` is where it lies on this host. */
export type Expected = Pick<Member, "path" | "bytes" | "sha256">;

/** Opens a file of a bundle; throws UnsendableError when it is gone, no regular file, or of another size. */
export async function openSource(member: Expected): Promise<FileHandle> {
  const handle = await openGrowing(member.path);
  try {
    const stats = await handle.stat();
    if (stats.size !== member.bytes)
      throw new UnsendableError(`${member.path}: has ${stats.size} bytes, was sealed with ${member.bytes}`, {
        hint: "it changed after it was sealed; exhibit verify names every such file",
      });
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Opens a file of a bundle of whatever size; throws UnsendableError when it is gone or no regular file. */
export async function openGrowing(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      throw sourceError(path, error);
    },
  );
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new UnsendableError(`${path}: not a regular file`);
}

/** The UploadError for whatever the system said of a file of a bundle. */
export function sourceError(path: string, cause: unknown): UploadError {
  const code = errnoOf(cause);
  if (code === "ENOENT" || code === "ENOTDIR")
    return new UnsendableError(`${path}: is in the bundle but not on the disk`, { cause });
  if (code === "ELOOP")
    return new UnsendableError(`${path}: is a link, and no file of a bundle is`, { cause });
  if (code === "EACCES" || code === "EPERM")
    return new UploadError(`${path}: may not be read`, {
      cause,
      hint: "run as the user who captured, or as root",
    });
  return new UploadError(`${path}: cannot be read: ${code ?? String(cause)}`, { cause });
}

/**
 * The bytes of an open source in pieces of at most 1 MiB; a piece is only valid until the next is asked for.
 * Throws UnsendableError, after the last piece, when they are not the bytes that were sealed.
 */
export async function* readChecked(
  handle: FileHandle,
  member: Expected,
  options: { readonly fresh?: boolean } = {},
): AsyncGenerator<Buffer, void, undefined> {
  const hash = createHash("sha256");
  const kept = options.fresh
    ? undefined
    : Buffer.allocUnsafe(Math.min(PIECE_BYTES, Math.max(member.bytes, 1)));
  let at = 0;
  while (at < member.bytes) {
    const piece = kept ?? Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, member.bytes - at));
    const { bytesRead } = await handle
      .read(piece, 0, Math.min(piece.length, member.bytes - at), at)
      .catch((error) => {
        throw sourceError(member.path, error);
      });
    if (bytesRead === 0)
      throw new UnsendableError(`${member.path}: ends after ${at} bytes, was sealed with ${member.bytes}`);
    hash.update(piece.subarray(0, bytesRead));
    at += bytesRead;
    // The last piece is held back until it is known to be right: a receiver that counts bytes never has them all.
    if (at === member.bytes) expectDigest(hash.digest("hex"), member);
    yield piece.subarray(0, bytesRead);
  }
  if (member.bytes === 0) expectDigest(hash.digest("hex"), member);
}

function expectDigest(found: string, member: Expected): void {
  if (found === member.sha256) return;
  throw new UnsendableError(`${member.path}: has SHA-256 ${found}, was sealed with ${member.sha256}`, {
    hint: "it changed after it was sealed; exhibit verify names every such file",
  });
}
