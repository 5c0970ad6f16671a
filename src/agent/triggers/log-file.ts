// The end of a log file, as it grows. What must stay true: after a rotation the rest of the old file is read before the new
// one; what was there before we came is not; whatever is at the path, nobody waits.
import { constants } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import { errnoOf } from "../../errors.ts";

/** Read at once; more waits for the next look. */
const READ_BYTES = 1024 ** 2;
/** Further behind than this, what lies between is left out. */
const BEHIND_BYTES = 8 * 1024 ** 2;

export interface LogFile {
  /** Bytes that are new; `isCut` when they do not follow those before. Rejects with the system's error. */
  readonly read: () => Promise<{ readonly bytes: Buffer; readonly isCut: boolean }>;
  readonly close: () => Promise<void>;
}

interface Opened {
  readonly handle: FileHandle;
  readonly device: number;
  readonly inode: number;
  at: number;
}

/** A file that is there is read from its end on, one that comes later from its beginning. */
export function openLogFile(path: string): LogFile {
  let current: Opened | undefined;
  let isFirst = true;
  const begin = async (): Promise<Opened | undefined> => {
    const fromEnd = isFirst;
    isFirst = false;
    // A FIFO without a writer would hold us without O_NONBLOCK (fifo(7)).
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stats = await handle.stat();
    if (!stats.isFile()) {
      await handle.close();
      throw Object.assign(new Error("no regular file"), { code: "EINVAL" });
    }
    return { handle, device: stats.dev, inode: stats.ino, at: fromEnd ? stats.size : 0 };
  };
  const isRotated = async ({ device, inode }: Opened): Promise<boolean> => {
    const there = await stat(path).catch(() => undefined);
    return there !== undefined && (there.dev !== device || there.ino !== inode);
  };
  return {
    read: async () => {
      current ??= await begin().catch((error: unknown) => {
        // It will be there from its beginning, when it comes.
        if (errnoOf(error) === "ENOENT") isFirst = false;
        throw error;
      });
      if (current === undefined) return { bytes: Buffer.alloc(0), isCut: false };
      const { size } = await current.handle.stat();
      let isCut = size < current.at;
      // Copied away and emptied (copytruncate of logrotate(8)).
      if (isCut) current.at = 0;
      if (size - current.at > BEHIND_BYTES) {
        current.at = size - READ_BYTES;
        isCut = true;
      }
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, size - current.at));
      const { bytesRead } = await current.handle.read(buffer, 0, buffer.length, current.at);
      current.at += bytesRead;
      if (bytesRead === 0 && (await isRotated(current))) {
        await current.handle.close();
        current = undefined;
      }
      return { bytes: buffer.subarray(0, bytesRead), isCut };
    },
    close: async () => {
      await current?.handle.close().catch(() => undefined);
      current = undefined;
    },
  };
}
