// The output of a command as it comes: all of it up to a limit into a file, the beginning also in memory.
import type { FileHandle } from "node:fs/promises";
import type { Readable } from "node:stream";
import { writeAll } from "./files.ts";

/** What is kept in memory of an output that also goes to a file. */
export const KEEP_BYTES = 16 * 1024 ** 2;

/** The beginning of an output, and how long it is. */
export interface Kept {
  readonly chunks: Buffer[];
  bytes: number;
  keptBytes: number;
}

/** Reads a stream to its end or limit; true when the limit was reached. */
export async function drain(
  stream: Readable,
  kept: Kept,
  to: {
    readonly file?: FileHandle;
    /** Called before bytes are written. */
    readonly take?: (bytes: number) => Promise<void>;
    readonly limitBytes: number;
  },
): Promise<boolean> {
  for await (const data of stream) {
    const chunk: Buffer = Buffer.isBuffer(data) ? data : Buffer.from(String(data));
    const part = chunk.subarray(0, Math.max(0, to.limitBytes - kept.bytes));
    if (part.length > 0 && to.file) {
      await to.take?.(part.length);
      await writeAll(to.file, part);
    }
    kept.bytes += part.length;
    if (kept.keptBytes < KEEP_BYTES) {
      const keep = part.subarray(0, KEEP_BYTES - kept.keptBytes);
      kept.chunks.push(keep);
      kept.keptBytes += keep.length;
    }
    if (part.length < chunk.length) return true;
  }
  return false;
}
