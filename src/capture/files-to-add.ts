// The files that `add` was given, looked at before anything is copied, and held open: what was looked at is what is copied.
// What must stay true: nothing but a regular file is ever opened (a FIFO would wait, a device might act), no link is
// followed, and the names in the bundle are safe, unlike and free once a core is packed.
import { constants } from "node:fs";
import { lstat, open, type FileHandle } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { isMemberName } from "../bundle/layout.ts";
import type { AddedFile } from "../bundle/manifest.ts";
import { errnoOf } from "../errors.ts";
import { HEAD_BYTES, isMemoryImage } from "../parsers/memory-image.ts";
import { printable } from "../printable.ts";

/** Made by us beside the files: what each was. */
export const FILES_LIST = "files.json";
/** What a core may be called once it is packed (compress.ts). */
const PACKED = [".zst", ".gz"];
const PATH_LIMIT = 1000;

export interface FileToAdd {
  readonly facts: AddedFile;
  readonly handle: FileHandle;
  /** Never in the zip; see memory-image.ts. */
  readonly isMemory: boolean;
  /** What it takes of the disk: less than its size when it has holes. */
  readonly diskBytes: number;
  readonly changedMs: number;
}

export interface Refused {
  /** As it was typed, made printable. */
  readonly path: string;
  readonly reason: string;
}

/** Opens all of them, or tells which cannot be added and holds none. */
export async function openFiles(
  paths: readonly string[],
): Promise<{ readonly files: readonly FileToAdd[]; readonly refused: readonly Refused[] }> {
  const files: FileToAdd[] = [];
  const refused: Refused[] = [];
  const taken = new Set<string>([FILES_LIST]);
  for (const path of paths) {
    const opened = await openOne(path, taken);
    if (typeof opened === "string") refused.push({ path: printable(path, PATH_LIMIT), reason: opened });
    else files.push(opened);
  }
  if (refused.length > 0) await closeFiles(files.splice(0));
  return { files, refused };
}

export async function closeFiles(files: readonly FileToAdd[]): Promise<void> {
  for (const { handle } of files) await handle.close().catch(() => undefined);
}

async function openOne(path: string, taken: Set<string>): Promise<FileToAdd | string> {
  let handle: FileHandle | undefined;
  try {
    // Looked at before it is opened: opening alone makes some devices act.
    const reason = reasonAgainst(await lstat(path));
    if (reason !== undefined) return reason;
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile()) throw new Error("is no regular file any more");
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await handle.read(head, 0, HEAD_BYTES, 0);
    const isMemory = isMemoryImage(basename(path), head.subarray(0, bytesRead));
    const facts = {
      member: memberName(basename(path), { isMemory, taken }),
      from: printable(resolve(path), PATH_LIMIT),
      bytes: found.size,
      modifiedAt: new Date(found.mtimeMs).toISOString(),
    };
    return {
      facts,
      handle,
      isMemory,
      diskBytes: Math.min(found.size, found.blocks * 512),
      changedMs: found.ctimeMs,
    };
  } catch (error) {
    await handle?.close().catch(() => undefined);
    const code = errnoOf(error);
    if (code === "ENOENT") return "is not there";
    if (code === "ELOOP") return "is a link; name the file it leads to";
    return code === undefined ? String(error) : `cannot be read: ${code}`;
  }
}

function reasonAgainst(found: Awaited<ReturnType<typeof lstat>>): string | undefined {
  if (found.isSymbolicLink()) return "is a link; name the file it leads to";
  if (found.isDirectory()) return "is a folder; name the files in it";
  return found.isFile() ? undefined : "is no regular file";
}

/** The base name where it is safe and free, else `file-N` with what is safe of its ending. Takes it. */
function memberName(
  name: string,
  { isMemory, taken }: { readonly isMemory: boolean; readonly taken: Set<string> },
): string {
  // Unzipped on a file system that takes `A` and `a` for one, none may replace another.
  const all = (one: string) =>
    [one, ...(isMemory ? PACKED.map((end) => one + end) : [])].map((each) => each.toLowerCase());
  const isFree = (one: string) => all(one).every((each) => isMemberName(each) && !taken.has(each));
  const ending = /\.[A-Za-z0-9]{1,12}(?:\.(?:zst|gz|xz))?$/.exec(name)?.[0] ?? "";
  let chosen = name;
  // `.redacting` is what a file is called while it is masked.
  for (let number = 1; !isFree(chosen) || chosen.endsWith(".redacting"); number++)
    chosen = `file-${number}${ending === ".redacting" ? "" : ending}`;
  for (const each of all(chosen)) taken.add(each);
  return chosen;
}
