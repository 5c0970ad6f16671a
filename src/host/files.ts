// Durable, exclusive files. State on disk changes by write, fsync, rename, fsync of the folder: after any of these
// functions returned, the file survives a crash of the host; before, the old state does. Nothing here follows a link
// or opens a name that is already there.
import { constants, closeSync, existsSync, fsyncSync, mkdirSync, openSync, writeSync } from "node:fs";
import { link, mkdir, open, rename, unlink, type FileHandle } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { basename, dirname, join, resolve } from "node:path";
import { errnoOf } from "../errors.ts";

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Writes all of `data`, however short the single writes are (past 2 GiB they always are: write(2)); where the last write
 * ended, or at `position`.
 */
export async function writeAll(handle: FileHandle, data: Uint8Array, position?: number): Promise<void> {
  for (let at = 0; at < data.length;) {
    const where = position === undefined ? null : position + at;
    at += (await handle.write(data, at, data.length - at, where)).bytesWritten;
  }
}

/** fsync of a folder makes the names in it durable (fsync(2), NOTES). */
export async function fsyncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the bytes of a file durable. */
export async function fsyncFile(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Opens a new file of ours, mode 0600; throws EEXIST when the name is taken, by a link too. */
export async function createFile(path: string): Promise<FileHandle> {
  return open(path, CREATE, 0o600);
}

/** Makes a folder of ours, mode 0700, with those above it, and their names durable. False when it was there already. */
export async function makeFolder(path: string): Promise<boolean> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return false;
  // Each new name is in the folder above it.
  for (let at = resolve(path); at.length >= resolve(first).length; at = dirname(at))
    await fsyncFolder(dirname(at));
  return true;
}

/**
 * Puts a whole file in place at once and durably. With `exclusive` an existing file is never replaced: EEXIST.
 * A reader sees the old file, or the new one, never a part. What a kill leaves half-written lies in `temporaryIn`, a
 * folder of the same file system (the file's own when it is not given).
 */
export async function writeFileDurable(
  path: string,
  data: string | Uint8Array,
  options: { readonly exclusive?: boolean; readonly temporaryIn?: string } = {},
): Promise<void> {
  const temporary = temporaryName(path, options.temporaryIn);
  const handle = await createFile(temporary);
  try {
    await writeAll(handle, typeof data === "string" ? Buffer.from(data) : data);
    await handle.sync();
    await handle.close();
    if (options.exclusive) await link(temporary, path);
    else await rename(temporary, path);
  } catch (error) {
    await handle.close().catch(() => undefined);
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  if (options.exclusive) await unlink(temporary);
  await fsyncFolder(dirname(path));
}

/** A name for a file that is being written; `isTemporaryName` knows it. */
export function temporaryName(path: string, folder = dirname(path)): string {
  return join(folder, `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
}

export function isTemporaryName(name: string): boolean {
  return /^\..+\.[0-9a-f]{12}\.tmp$/.test(name);
}

/** A new durable file, without a thread hop: for the first look, where milliseconds count. */
export function createFileSync(path: string, data: Uint8Array): void {
  const descriptor = openSync(path, CREATE, 0o600);
  try {
    for (let at = 0; at < data.length;) at += writeSync(descriptor, data, at);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function fsyncFolderSync(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** As `makeFolder`, but durable only once the caller has synced the folders above. */
export function makeFolderSync(path: string): void {
  // Not `recursive`: then Node says ENOENT of a file system that is read-only.
  if (!existsSync(dirname(path))) makeFolderSync(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
}
