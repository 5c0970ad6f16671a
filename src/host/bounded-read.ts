// Reads what is behind an open descriptor up to a limit. Files in /proc and /sys say size 0, so only end of file tells
// where they end; a log may grow while it is read, so only the limit does.
import { readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";

/** Enough for every table of /proc that is of use; a process with more memory maps than this is cut. */
export const DEFAULT_LIMIT_BYTES = 4 * 1024 ** 2;

const CHUNK_BYTES = 64 * 1024;

/** At most `limitBytes` from where the descriptor stands. Throws the system's error. */
export function readUpToSync(descriptor: number, limitBytes: number): Buffer {
  const chunks: Buffer[] = [];
  for (let total = 0; total < limitBytes;) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, limitBytes - total));
    const count = readSync(descriptor, chunk, 0, chunk.length, -1);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  return Buffer.concat(chunks);
}

/** The same without blocking the event loop. */
export async function readUpTo(handle: FileHandle, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let total = 0; total < limitBytes;) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, limitBytes - total));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, -1);
    if (bytesRead === 0) break;
    chunks.push(chunk.subarray(0, bytesRead));
    total += bytesRead;
  }
  return Buffer.concat(chunks);
}

/** What is refused is called by the name a caller can test, as the system's own errors are. */
export function refusal(code: "EINVAL" | "EBADF", message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
