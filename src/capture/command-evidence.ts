// The output of a command as evidence: raw bytes and when each piece came, up to a size. What must stay true: whatever the
// disk does, keeping a piece takes an end, and the command goes on.
import { readdir, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, messageOf } from "../errors.ts";
import type { OutputStream } from "../host/attended-command.ts";
import { delay } from "../host/clock.ts";
import type { Quota } from "../host/disk.ts";
import { createFile, fsyncFile, fsyncFolder, writeAll } from "../host/files.ts";

/** A disk that takes longer for one piece is not waited for any more. */
const STALLED_MS = 3000;

export interface KeptOutput {
  /** Of output alone. */
  readonly bytes: number;
  readonly truncated: boolean;
  /** Why not all of it is there, beside the size limit. */
  readonly problem: string | undefined;
}

export interface CommandEvidence {
  /** Keeps a piece as far as there is room. Never rejects. */
  readonly keep: (stream: OutputStream, data: Buffer, atMs: number) => Promise<void>;
  /** Makes what there is durable. Never rejects. */
  readonly settle: () => Promise<KeptOutput>;
}

/** A line of timing.jsonl: bytes and line ends as they came, before anything was masked. */
interface Piece {
  readonly atMs: number;
  readonly stream: OutputStream;
  readonly bytes: number;
  readonly lines: number;
}

/** Opens output.txt, or stdout.txt and stderr.txt, and timing.jsonl, in a folder that is there. */
export function openCommandEvidence(
  folder: string,
  options: { readonly streams: readonly OutputStream[]; readonly limitBytes: number; readonly quota: Quota },
): CommandEvidence {
  const { limitBytes, quota } = options;
  const files = new Map<string, FileHandle>();
  let used = 0;
  let truncated = false;
  let problem: string | undefined;

  const append = async (name: string, data: Uint8Array) => {
    let file = files.get(name);
    if (!file) {
      file = await createFile(join(folder, name));
      files.set(name, file);
    }
    if (data.length === 0) return;
    await quota.take(data.length);
    await writeAll(file, data);
    used += data.length;
  };
  const failed = (error: unknown) => {
    problem ??= errnoOf(error) === "ENOSPC" ? `${folder}: no space left on the disk` : messageOf(error);
  };
  /** Does the work, or gives up: what then still comes of it changes nothing. */
  const inTime = async (work: Promise<unknown>) => {
    const settled = new AbortController();
    const late = delay(STALLED_MS, settled.signal).then(() => {
      if (!settled.signal.aborted) problem ??= `the disk did not answer for ${STALLED_MS / 1000} s`;
    });
    await Promise.race([work.catch(failed), late]);
    settled.abort();
  };
  const write = async (stream: OutputStream, data: Buffer, atMs: number) => {
    const whole: Piece = { atMs: Math.round(atMs), stream, bytes: data.length, lines: lineEnds(data) };
    const room = Math.max(0, limitBytes - used - lineOf(whole).length);
    const part = data.subarray(0, room);
    if (part.length < data.length) truncated = true;
    if (part.length === 0) return;
    await append(`${stream}.txt`, part);
    await append("timing.jsonl", lineOf({ ...whole, bytes: part.length, lines: lineEnds(part) }));
  };
  return {
    keep: async (stream, data, atMs) => {
      if (!truncated && problem === undefined) await inTime(write(stream, data, atMs));
    },
    settle: async () => {
      let bytes = 0;
      const settle = async () => {
        // A command that said nothing has an empty file that says so.
        for (const stream of options.streams) await append(`${stream}.txt`, new Uint8Array());
        for (const file of files.values()) await file.close();
        for (const name of await readdir(folder)) {
          if (name.endsWith(".txt")) bytes += (await stat(join(folder, name))).size;
          await fsyncFile(join(folder, name));
        }
        await fsyncFolder(folder);
      };
      if (problem?.startsWith("the disk") !== true) await inTime(settle());
      return { bytes, truncated, problem };
    },
  };
}

function lineOf(piece: Piece): Buffer {
  return Buffer.from(`${JSON.stringify(piece)}\n`);
}

function lineEnds(data: Buffer): number {
  let count = 0;
  for (let at = data.indexOf(10); at !== -1; at = data.indexOf(10, at + 1)) count++;
  return count;
}
