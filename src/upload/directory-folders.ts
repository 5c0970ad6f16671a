// Folders of a directory store: made one by one, never through a link, and durable with every name above them, before a
// file in them is called stored.
import { lstat, mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf } from "../errors.ts";
import { fsyncFolder, makeFolder } from "../host/files.ts";
import type { StoredObject } from "./store.ts";

/** `error` as the system reports it, for what the system would have followed. */
function systemError(code: "ELOOP" | "ENOTDIR", path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** Makes folders below a store's root. A folder that another run made may not be durable yet, so each is synced once. */
export function openFolders(root: string): { readonly ensure: (folder: string) => Promise<void> } {
  const durable = new Set<string>();
  const ensure = async (folder: string): Promise<void> => {
    // The root is the operator's choice: links in it are followed.
    const made =
      folder === root ? await makeFolder(root) : await makeOne(folder, () => ensure(dirname(folder)));
    if (!made && durable.has(folder)) return;
    await fsyncFolder(folder);
    if (folder !== root) await fsyncFolder(dirname(folder));
    durable.add(folder);
  };
  return { ensure };
}

/** True when it was made now. */
async function makeOne(folder: string, ensureAbove: () => Promise<void>): Promise<boolean> {
  await ensureAbove();
  try {
    await mkdir(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
  const stats = await lstat(folder);
  if (stats.isSymbolicLink()) throw systemError("ELOOP", folder);
  if (!stats.isDirectory()) throw systemError("ENOTDIR", folder);
  return false;
}

/** Every file below `root` whose key begins with `prefix`, by key; unfinished ones (their names begin with a dot) are none. */
export async function listTree(root: string, prefix: string): Promise<readonly StoredObject[]> {
  const found: StoredObject[] = [];
  const visit = async (key: string): Promise<void> => {
    const entries = await readdir(join(root, key), { withFileTypes: true }).catch((error: unknown) => {
      if (errnoOf(error) === "ENOENT") return [];
      throw error;
    });
    for (const entry of entries) {
      const below = key === "" ? entry.name : `${key}/${entry.name}`;
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory() && (below.startsWith(prefix) || prefix.startsWith(`${below}/`)))
        await visit(below);
      if (entry.isFile() && below.startsWith(prefix)) found.push(...(await describe(root, below)));
    }
  };
  await visit("");
  return found.toSorted((one, other) => (one.key < other.key ? -1 : 1));
}

async function describe(root: string, key: string): Promise<readonly StoredObject[]> {
  // Removed since the folder was read: no longer in the store.
  const stats = await lstat(join(root, key)).catch(() => undefined);
  return stats ? [{ key, bytes: stats.size, modifiedAt: stats.mtime.toISOString() }] : [];
}
