// What a core will cost, before anything is stopped: from the areas that smaps lists, and from how fast this host reads a
// little of the target's memory just now, which is what a fork and a core are made of.
import { closeSync, openSync, readSync } from "node:fs";
import type { Estimate } from "./messages.ts";
import { dumpedBytes } from "../elf/dump-rule.ts";
import type { TargetFacts } from "./target.ts";

/** On a quiet host of today one reads so many bytes a millisecond, and a fork takes 35 ms a GB of 4 KB pages (measured). */
const USUAL_READ_PER_MS = 3.3e6;
const FORK_MS_PER_GB = 35;
/** Reading and comparing the maps of so many areas. */
const AREA_MS = 0.004;
const PER_THREAD_MS = 0.1;
const AROUND_MS = 10;
const DISK_PER_MS = 900_000;
const PACK_PER_MS = 280_000;
/** A busy host shares what it has unevenly. */
const CAUTION = 1.5;
const TRIAL_BYTES = 16 * 1024 ** 2;

/** Bytes of a core that are really there. */
export function coreBytesOf({ areas, filter }: TargetFacts): number {
  return areas.reduce((sum, area) => {
    const most = dumpedBytes(area, filter);
    const there = area.inode === 0 ? area.residentBytes + area.swapBytes : most;
    return sum + Math.min(most, there);
  }, 0);
}

/** How many times slower than usual: 1 or more. */
export function calibrate({ pid, areas }: TargetFacts): number {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    const bytes = Buffer.allocUnsafe(256 * 1024);
    let taken = 0;
    const begun = performance.now();
    for (const area of areas.filter(
      ({ residentBytes, inode }) => inode === 0 && residentBytes >= bytes.length,
    ))
      for (let at = area.start; at + bytes.length <= area.end && taken < TRIAL_BYTES; at += bytes.length)
        try {
          taken += readSync(memory, bytes, 0, bytes.length, at);
        } catch {
          break;
        }
    const spentMs = performance.now() - begun;
    if (taken < 2 * bytes.length) return 1;
    return Math.max(1, spentMs / (taken / USUAL_READ_PER_MS));
  } finally {
    closeSync(memory);
  }
}

export function estimateCore(
  target: TargetFacts,
  method: "snapshot" | "stop",
  how: { readonly toFile: boolean },
): Estimate {
  const slowness = calibrate(target) * CAUTION;
  const coreBytes = coreBytesOf(target);
  const residentGb = (target.status.residentBytes ?? coreBytes) / 1e9;
  const { areas, status } = target;
  const standing = AROUND_MS + (status.threads ?? 1) * PER_THREAD_MS;
  const writeMs = coreBytes / (how.toFile ? DISK_PER_MS : PACK_PER_MS);
  const pauseMs =
    method === "snapshot"
      ? standing + residentGb * FORK_MS_PER_GB + areas.length * AREA_MS
      : standing + writeMs + areas.length * AREA_MS;
  return {
    pauseMs: Math.round(pauseMs * slowness),
    timeMs: Math.round((pauseMs + writeMs) * slowness),
    coreBytes,
  };
}
