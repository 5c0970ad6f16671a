// Space on the disk of the spool: what may be written before the host itself would suffer. Asked before a file is
// written and while it grows; `truncate` is no reservation, so only what was really written counts.
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { ExhibitError } from "../errors.ts";

export type KeepFree = { readonly percent: number } | { readonly bytes: number };

export interface Disk {
  readonly totalBytes: number;
  /** What an ordinary user may still write (statfs f_bavail). */
  readonly freeBytes: number;
}

export async function readDisk(path: string): Promise<Disk> {
  const stats = await statfs(path);
  return { totalBytes: stats.blocks * stats.bsize, freeBytes: stats.bavail * stats.bsize };
}

/** The disk that a folder lies on, or will lie on when it is made. */
export async function readDiskBelow(path: string): Promise<Disk | undefined> {
  const above = dirname(path);
  return readDisk(path).catch(() => (above === path ? undefined : readDiskBelow(above)));
}

/** Bytes that may be written below `path` before the reserve is touched. */
export function spendableBytes(disk: Disk, keepFree: KeepFree): number {
  const reserve =
    "bytes" in keepFree ? keepFree.bytes : Math.ceil((disk.totalBytes * keepFree.percent) / 100);
  return Math.max(0, Math.floor(disk.freeBytes - reserve));
}

/** The disk has no room left beside what must stay free, or the capture has reached its size limit. */
export class NoSpaceError extends ExhibitError {}

export interface Quota {
  /** Throws NoSpaceError when `bytes` more must not be written. */
  readonly take: (bytes: number) => Promise<void>;
  /** What could still be taken now. */
  readonly left: () => Promise<number>;
  readonly taken: () => number;
}

/** How much may be written between two looks at the disk: others write to it too. */
const LOOK_AGAIN_BYTES = 8 * 1024 ** 2;

export function openQuota(
  path: string,
  limits: { readonly keepFree: KeepFree; readonly maxBytes: number },
): Quota {
  let taken = 0;
  let unchecked = Number.POSITIVE_INFINITY;
  let spendable = 0;
  const look = async () => {
    spendable = spendableBytes(await readDisk(path), limits.keepFree);
    unchecked = 0;
  };
  return {
    taken: () => taken,
    left: async () => {
      await look();
      return Math.min(spendable, limits.maxBytes - taken);
    },
    take: async (bytes) => {
      if (unchecked + bytes > Math.min(LOOK_AGAIN_BYTES, spendable)) await look();
      if (taken + bytes > limits.maxBytes)
        throw new NoSpaceError(`the capture's size limit of ${limits.maxBytes} bytes is reached`, {
          hint: "raise --max-size",
        });
      if (bytes > spendable - unchecked)
        throw new NoSpaceError(`${path}: no space left beside the reserve`, {
          hint: "free some space, or lower spool.keepFree",
        });
      taken += bytes;
      unchecked += bytes;
    },
  };
}
