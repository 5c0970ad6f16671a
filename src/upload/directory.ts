// A directory as a store: the tree of the bundles below one path, on a disk or a share. What must stay true: a file has
// its final name only when all its bytes are there, checked and durable; an exclusive file is never replaced; no link
// is followed below the path.
import { link, rename, unlink, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestFile } from "../bundle/digests.ts";
import { createFile, fsyncFile, fsyncFolder, writeAll } from "../host/files.ts";
import { errnoOf, UploadError } from "../errors.ts";
import type { DirectoryStoreSettings } from "../settings.ts";
import { directoryError } from "./directory-errors.ts";
import { listTree, openFolders } from "./directory-folders.ts";
import { listKeys, readFileRange } from "./directory-read.ts";
import { removeTorn, temporaryName } from "./directory-temporary.ts";
import { readWhole, tryOut } from "./directory-trial.ts";
import { assertSafeKey } from "./keys.ts";
import { openSource, readChecked } from "./source.ts";
import { conflict, stopped } from "./refusals.ts";
import type { Member, Store } from "./store.ts";

/** Opens a directory store; nothing is touched before the first put. Its errors are UploadErrors. */
export function openDirectoryStore(name: string, settings: DirectoryStoreSettings): Store {
  const root = join(settings.path, ".").replace(/(?<=.)\/$/, "");
  const folders = openFolders(root);
  const pathOf = (key: string): string => {
    assertSafeKey(key);
    return join(root, key);
  };
  const prepare = async (path: string): Promise<void> => {
    await folders.ensure(dirname(path));
    await removeTorn(dirname(path));
  };

  return {
    name,
    type: "directory",
    location: root,
    url: (key) => pathOf(key),
    put: (member, { signal } = {}) => {
      const path = pathOf(member.key);
      return naming(path, async () => {
        await prepare(path);
        if (await holds(path, member)) return { state: "present" };
        return { state: await putFile(path, member, signal) };
      });
    },
    get: (key, limitBytes) => naming(pathOf(key), () => readWhole(pathOf(key), limitBytes)),
    list: (prefix) => naming(root, () => listTree(root, prefix)),
    readRange: (key, range) => naming(pathOf(key), () => readFileRange(root, key, range)),
    listPage: (prefix, after) => naming(root, () => listKeys(root, { prefix, after })),
    check: () =>
      naming(root, async () => {
        await tryOut(root, folders.ensure);
        return { proven: ["put", "read back", "write-once"], missing: [] };
      }),
  };
}

/** Runs `work` and turns whatever it throws into an UploadError about `path`. */
async function naming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw directoryError(error, path);
  }
}

/** Whether the file is there with the right bytes, and durable. Throws when an exclusive one is there with others. */
async function holds(path: string, member: Member): Promise<boolean> {
  let found;
  try {
    found = await digestFile(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
  if (found.sha256 === member.sha256) {
    // A run that was killed right after it gave the name may not have come to this.
    await fsyncFile(path);
    await fsyncFolder(dirname(path));
    return true;
  }
  if (member.exclusive) throw conflict(path, found.sha256, member.sha256);
  return false;
}

async function putFile(path: string, member: Member, signal?: AbortSignal): Promise<"stored" | "present"> {
  const source = await openSource(member);
  const temporary = join(dirname(path), temporaryName());
  try {
    await using file = await createFile(temporary);
    await copy(source, file, { member, signal });
    await file.sync();
    if (!member.exclusive) await rename(temporary, path);
    else if (!(await linkNew(temporary, path))) {
      if (await holds(path, member)) return "present";
      throw new UploadError(`${path}: somebody else writes and removes it`, { hint: "try again" });
    }
  } finally {
    await source.close();
    // After the rename it is gone already; after a failure it must not fill the disk.
    await unlink(temporary).catch(() => undefined);
  }
  await fsyncFolder(dirname(path));
  return "stored";
}

/** link(2) never replaces anything, rename(2) would; false when the name is taken. */
async function linkNew(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  }
}

async function copy(
  source: FileHandle,
  target: FileHandle,
  { member, signal }: { readonly member: Member; readonly signal: AbortSignal | undefined },
): Promise<void> {
  for await (const piece of readChecked(source, member)) {
    if (signal?.aborted) throw stopped(member.path);
    await writeAll(target, piece);
  }
}
