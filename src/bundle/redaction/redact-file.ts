// Redaction of a file in place. A file without a secret is never touched; one with a secret is replaced at once and
// durably (write, fsync, rename): after a crash there is the old file or the new one.
import { constants } from "node:fs";
import { open, rename, unlink, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { createFile, fsyncFolder, writeAll } from "../../host/files.ts";
import type { Redactor } from "./redactor.ts";

const PIECE_BYTES = 256 * 1024;

async function pass(
  redactor: Redactor,
  from: FileHandle,
  write: (text: string) => Promise<void>,
): Promise<ReadonlyMap<string, number>> {
  const stream = redactor.stream();
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  for (let at = 0; ;) {
    const { bytesRead } = await from.read(piece, 0, PIECE_BYTES, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    await write(stream.push(piece.toString("latin1", 0, bytesRead)));
  }
  await write(stream.end());
  return stream.counts;
}

/**
 * Redacts the regular file `path`; returns how often each rule hid something (empty: the file is as it was). A link is
 * refused (ELOOP). Throws what the system says; the file is then as it was, and must not leave the host unencrypted.
 * `beforeChange` is told the counts before a byte of the file changes: what is masked is known even after a kill.
 */
export async function redactFile(
  redactor: Redactor,
  path: string,
  beforeChange?: (counts: ReadonlyMap<string, number>) => Promise<void>,
): Promise<ReadonlyMap<string, number>> {
  const source = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = await pass(redactor, source, async () => undefined);
    if (found.size === 0) return found;
    await beforeChange?.(found);
    const temporary = `${path}.redacting`;
    // Left over from a run that was killed: ours, as everything in the spool.
    await unlink(temporary).catch(() => undefined);
    const target = await createFile(temporary);
    try {
      const counts = await pass(redactor, source, (text) => writeAll(target, Buffer.from(text, "latin1")));
      await target.sync();
      await target.close();
      await rename(temporary, path);
      await fsyncFolder(dirname(path));
      return counts;
    } catch (error) {
      await target.close().catch(() => undefined);
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
  } finally {
    await source.close();
  }
}
