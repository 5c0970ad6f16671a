// A ring of files that are only ever appended to. What must stay true: it never grows past its limit, a kill of ours loses
// nothing that was written, a power cut at most SYNC_MS, and a disk that is slow or full costs lines, never the caller.
import { constants } from "node:fs";
import { open, readdir, stat, unlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder, writeAll } from "../../host/files.ts";

const SEGMENT_BYTES = 2 * 1024 ** 2;
/** With the one that is written; what waits for the disk is less than a segment, so that none is larger: 30 MiB. */
const SEGMENTS = 15;
const SYNC_MS = 2000;
/** What waits for a disk that does not answer. */
const WAITING_LIMIT_BYTES = 1024 ** 2;
const SEGMENT = /^(\d{10})\.jsonl$/;

export interface Ring {
  /** A line for each value. Never throws: what cannot be kept is counted. */
  readonly append: (values: readonly unknown[]) => void;
  readonly bytes: () => number;
  /** Values that were lost. */
  readonly lost: () => number;
  /** Resolves when all that was given is written, or lost. */
  readonly settled: () => Promise<void>;
  /** Writes what waits, and closes. Never rejects. */
  readonly close: () => Promise<void>;
}

/** Goes on after the segments that are there; every segment begins with `head`. Never rejects. */
export function openRing(folder: string, head: () => unknown): Ring {
  let waiting: string[] = [];
  let [waitingBytes, lost] = [0, 0];
  let current: { readonly handle: FileHandle; bytes: number } | undefined;
  let segments: { readonly path: string; readonly number: number; bytes: number }[] | undefined;
  let syncedMs = performance.now();
  let writing: Promise<void> | undefined;

  const begin = async (): Promise<{ readonly handle: FileHandle; bytes: number }> => {
    segments ??= await readSegments(folder);
    while (segments.length >= SEGMENTS) await unlink(segments.shift()?.path ?? "").catch(() => undefined);
    const number = (segments.at(-1)?.number ?? 0) + 1;
    const path = join(folder, `${String(number).padStart(10, "0")}.jsonl`);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND;
    const handle = await open(path, flags | constants.O_NOFOLLOW, 0o600);
    segments.push({ path, number, bytes: 0 });
    const data = Buffer.from(`${JSON.stringify(head())}\n`);
    await writeAll(handle, data);
    return { handle, bytes: data.length };
  };
  const write = async () => {
    while (waiting.length > 0) {
      const lines = waiting;
      [waiting, waitingBytes] = [[], 0];
      try {
        const data = Buffer.from(lines.join(""));
        if (current && current.bytes + data.length > SEGMENT_BYTES) {
          await current.handle.datasync();
          await closeCurrent();
        }
        current ??= await begin();
        await writeAll(current.handle, data);
        current.bytes += data.length;
        const segment = segments?.at(-1);
        if (segment) segment.bytes = current.bytes;
        if (performance.now() - syncedMs >= SYNC_MS) {
          await current.handle.datasync();
          syncedMs = performance.now();
        }
      } catch {
        lost += lines.length;
        await closeCurrent();
      }
    }
  };
  const closeCurrent = async () => {
    const { handle } = current ?? {};
    current = undefined;
    await handle?.close().catch(() => undefined);
  };
  const flush = () => {
    writing ??= write().finally(() => {
      writing = undefined;
    });
  };
  return {
    append: (values) => {
      const lines = values.map((value) => `${JSON.stringify(value)}\n`);
      const bytes = lines.reduce((sum, line) => sum + line.length, 0);
      if (waitingBytes + bytes > WAITING_LIMIT_BYTES) {
        lost += lines.length;
        return;
      }
      waiting.push(...lines);
      waitingBytes += bytes;
      flush();
    },
    bytes: () => (segments ?? []).reduce((sum, segment) => sum + segment.bytes, 0),
    lost: () => lost,
    settled: async () => writing,
    close: async () => {
      await writing;
      await current?.handle.datasync().catch(() => undefined);
      await closeCurrent();
    },
  };
}

async function readSegments(
  folder: string,
): Promise<{ readonly path: string; readonly number: number; bytes: number }[]> {
  await makeFolder(folder);
  const names = (await readdir(folder)).filter((name) => SEGMENT.test(name));
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { path, number: Number.parseInt(name, 10), bytes: (await stat(path)).size };
    }),
  );
  return found.toSorted((one, other) => one.number - other.number);
}
