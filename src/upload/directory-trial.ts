// Whether bundles can be kept in a directory, found out by doing it: what a mount option or a file system lacks shows
// before there is evidence to lose.
import { constants } from "node:fs";
import { link, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, UploadError } from "../errors.ts";
import { readUpTo } from "../host/bounded-read.ts";
import { createFile, fsyncFolder, writeAll } from "../host/files.ts";
import { removeTorn, temporaryName } from "./directory-temporary.ts";

/** A whole small file; undefined when there is none. Throws UploadError when it has more than `limitBytes`. */
export async function readWhole(path: string, limitBytes: number): Promise<Buffer | undefined> {
  let file;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
  await using handle = file;
  const data = await readUpTo(handle, limitBytes + 1);
  if (data.length > limitBytes) throw new UploadError(`${path}: is larger than ${limitBytes} bytes`);
  return data;
}

/** Puts, reads back and removes one small file in the folder `root`, which `ensure` makes. */
export async function tryOut(root: string, ensure: (folder: string) => Promise<void>): Promise<void> {
  await ensure(root);
  await removeTorn(root);
  const [first, second] = [join(root, temporaryName()), join(root, temporaryName())];
  const text = Buffer.from("exhibit tries whether bundles can be kept here\n");
  try {
    await using file = await createFile(first);
    await writeAll(file, text);
    await file.sync();
    await link(first, second);
    const found = await readWhole(second, text.length);
    if (!found?.equals(text))
      throw new UploadError(`${root}: a file that was written came back with other bytes`);
  } finally {
    await unlink(second).catch(() => undefined);
    await unlink(first).catch(() => undefined);
  }
  await fsyncFolder(root);
}
