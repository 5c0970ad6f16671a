// Reading from a directory store. What must stay true: only regular files below its path are read, and no link below it
// is followed, neither for a file nor for a folder; a store of any size is walked in bounded memory.
import { constants } from "node:fs";
import { lstat, open, readdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf } from "../errors.ts";
import type { ByteRange, StoredObject, StoredPage, StoredRange } from "./store.ts";

const PAGE_OBJECTS = 1000;

/** Some bytes of one file; undefined when there is none. Throws the system's errors. */
export async function readFileRange(
  root: string,
  key: string,
  range: ByteRange,
): Promise<StoredRange | undefined> {
  const path = join(root, key);
  try {
    // The root is the operator's choice: links in it are followed.
    if ((await realpath(dirname(path))) !== join(await realpath(root), dirname(key)))
      throw Object.assign(new Error(`ELOOP: ${path}`), { code: "ELOOP" });
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error("not a regular file");
    const from = "last" in range ? Math.max(0, stats.size - range.last) : Math.min(range.from, stats.size);
    const data = Buffer.allocUnsafe(Math.min(stats.size - from, "last" in range ? range.last : range.bytes));
    for (let at = 0; at < data.length;) {
      const { bytesRead } = await file.read(data, at, data.length - at, from + at);
      if (bytesRead === 0) throw new Error(`ended after ${from + at} bytes, had ${stats.size}`);
      at += bytesRead;
    }
    return { data, from, totalBytes: stats.size };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** One page of the files whose key begins with `prefix` and comes after `after`, as S3 would list them. */
export async function listKeys(
  root: string,
  { prefix, after }: { readonly prefix: string; readonly after: string },
): Promise<StoredPage> {
  const objects: StoredObject[] = [];
  for await (const key of walk(root, "", { prefix, after })) {
    if (objects.length === PAGE_OBJECTS) return { objects, isLast: false };
    // Removed since the folder was read: no longer in the store.
    const stats = await lstat(join(root, key)).catch(() => undefined);
    if (stats) objects.push({ key, bytes: stats.size, modifiedAt: stats.mtime.toISOString() });
  }
  return { objects, isLast: true };
}

/** Keys in the order of their characters, where a folder counts with its slash; links, devices and dot files are none. */
async function* walk(
  root: string,
  below: string,
  only: { readonly prefix: string; readonly after: string },
): AsyncGenerator<string> {
  const entries = await readdir(join(root, below), { withFileTypes: true }).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  });
  const keys = entries
    .filter((entry) => !entry.name.startsWith(".") && (entry.isFile() || entry.isDirectory()))
    .map((entry) => `${below}${entry.name}${entry.isDirectory() ? "/" : ""}`);
  for (const key of keys.toSorted((one, other) => (one < other ? -1 : 1))) {
    if (!key.startsWith(only.prefix) && !only.prefix.startsWith(key)) continue;
    if (!key.endsWith("/")) {
      if (key > only.after && key.startsWith(only.prefix)) yield key;
    } else if (key > only.after || only.after.startsWith(key)) yield* walk(root, key, only);
  }
}
