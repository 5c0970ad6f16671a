// One collector's folder in the bundle: raw output as it comes, within the disk's and the capture's limits. Names are
// ours and used once. Bytes counted here are what the manifest says.
import { readdir, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { isMemberName } from "../bundle/layout.ts";
import type { Lines } from "../collectors/collector.ts";
import { createFile, fsyncFile, fsyncFolder, makeFolder, writeAll } from "../host/files.ts";
import { errnoOf } from "../errors.ts";
import { NoSpaceError, type Quota } from "../host/disk.ts";

/** One file of evidence is never larger, cores aside: a flood is cut here and called truncated. */
export const FILE_LIMIT_BYTES = 16 * 1024 ** 2;

export interface Evidence {
  readonly folder: string;
  readonly save: (name: string, data: string | Uint8Array) => Promise<void>;
  readonly lines: (name: string) => Promise<Lines>;
  /** All lines at once: many thousands of small ones are one write. */
  readonly saveLines: (name: string, values: Iterable<unknown>) => Promise<void>;
  /** Appends piece by piece to one file, within the disk's limits alone. */
  readonly stream: (name: string) => Promise<(text: string) => Promise<void>>;
  /** The path for a name of this folder; the name is taken from then on. */
  readonly claim: (name: string) => string;
  /** Closes what is open and makes every file durable but the named ones. */
  readonly settle: (later: readonly string[]) => Promise<void>;
  readonly bytes: () => Promise<number>;
  readonly truncated: () => boolean;
}

export async function openEvidence(folder: string, quota: Quota): Promise<Evidence> {
  await makeFolder(folder);
  const names = new Set<string>();
  const handles: FileHandle[] = [];
  const underWay = new Set<Promise<unknown>>();
  let closed = false;
  let truncated = false;

  // A collector that outlived its time must not change a bundle that is being sealed: what it began is waited for, and
  // nothing begins after that.
  const during = <T>(work: () => Promise<T>): Promise<T> => {
    const done = work().finally(() => underWay.delete(done));
    underWay.add(done);
    return done;
  };
  const claim = (name: string) => {
    if (closed) throw new Error(`${name}: too late, its collector's time was up`);
    if (!isMemberName(name) || names.has(name)) throw new Error(`${name}: not a new name of evidence`);
    names.add(name);
    return join(folder, name);
  };
  const append = async (handle: FileHandle, data: Uint8Array) => {
    await quota.take(data.length);
    await writeAll(handle, data).catch((error: unknown) => {
      // The system's own message does not say where.
      throw errnoOf(error) === "ENOSPC" ? new NoSpaceError(`${folder}: no space left on the disk`) : error;
    });
  };
  const save = (name: string, data: string | Uint8Array) =>
    during(async () => {
      const handle = await createFile(claim(name));
      const bytes = typeof data === "string" ? Buffer.from(data) : data;
      if (bytes.length > FILE_LIMIT_BYTES) truncated = true;
      try {
        await append(handle, bytes.subarray(0, FILE_LIMIT_BYTES));
      } finally {
        await handle.close();
      }
    });
  const open = (name: string) =>
    during(async () => {
      const opened = await createFile(claim(name));
      handles.push(opened);
      return opened;
    });
  return {
    folder,
    claim,
    save,
    stream: async (name) => {
      const handle = await open(name);
      return async (text) => {
        if (closed) throw new Error(`${name}: too late, its collector's time was up`);
        await during(() => append(handle, Buffer.from(text)));
      };
    },
    saveLines: async (name, values) => {
      const lines: string[] = [];
      let length = 0;
      for (const value of values) {
        const line = `${JSON.stringify(value)}\n`;
        length += Buffer.byteLength(line);
        if (length > FILE_LIMIT_BYTES) {
          truncated = true;
          break;
        }
        lines.push(line);
      }
      await save(name, lines.join(""));
    },
    lines: async (name) => {
      const handle = await open(name);
      let written = 0;
      const write = async (values: readonly unknown[]) => {
        const block: Buffer[] = [];
        for (const value of values) {
          const line = Buffer.from(`${JSON.stringify(value)}\n`);
          if (written + line.length > FILE_LIMIT_BYTES) {
            truncated = true;
            break;
          }
          written += line.length;
          block.push(line);
        }
        if (!closed && block.length > 0) await during(() => append(handle, Buffer.concat(block)));
      };
      return { write: (value) => write([value]), writeMany: write };
    },
    settle: async (later) => {
      closed = true;
      await Promise.allSettled(underWay);
      await Promise.all(handles.map((handle) => handle.close().catch(() => undefined)));
      const files = (await readdir(folder)).filter((name) => !later.includes(name));
      await Promise.all(files.map((name) => fsyncFile(join(folder, name))));
      await fsyncFolder(folder);
    },
    bytes: async () => {
      let bytes = 0;
      for (const name of await readdir(folder)) bytes += (await stat(join(folder, name))).size;
      return bytes;
    },
    truncated: () => truncated,
  };
}
