// What a core costs, from what is known before anybody looked closely: enough to plan with. Our own helper looks closely
// before anything is stopped, and each method is then held against what is left.
import type { CollectorTarget, Estimate } from "../collector.ts";

export type CoreMethod = "auto" | "snapshot" | "stop" | "gdb" | "none";

// gdb writes every mapping, reservations that were never touched included, so the size goes by VmSize: by RSS it would be
// wrong by a factor of four and more for Node. When even VmSize is unknown, better no core than a full disk.
const UNKNOWN_SIZE_BYTES = 16 * 1024 ** 3;
const GDB_WRITES_PER_MS = 400_000;
const GDB_ATTACH_MS = 300;
/** gdb's own start, before it stops anything, and the check afterwards. */
const GDB_BESIDE_MS = 1500;

/** A fork of 4 KB pages, and what stands around it (measured: 22 to 38 ms a GB). */
const FORK_MS_PER_GB = 60;
const STAND_MS = 30;
/** The helper's start, and its look at every area. */
const HELPER_MS = 700;
const LOOK_MS_PER_GB = 250;
const STOPPED_READS_PER_MS = 500_000;

export function estimateCore(target: CollectorTarget, method: CoreMethod): Estimate {
  const { residentBytes, virtualBytes } = target;
  if (method === "gdb" || residentBytes === undefined) {
    const sizeBytes = virtualBytes ?? UNKNOWN_SIZE_BYTES;
    const pauseMs = Math.round(GDB_ATTACH_MS + sizeBytes / GDB_WRITES_PER_MS);
    return { timeMs: pauseMs + GDB_BESIDE_MS, pauseMs, sizeBytes };
  }
  const gigabytes = residentBytes / 1e9;
  const besideMs = Math.round(HELPER_MS + gigabytes * LOOK_MS_PER_GB);
  if (method === "stop") {
    const pauseMs = Math.round(STAND_MS + residentBytes / STOPPED_READS_PER_MS);
    return { timeMs: pauseMs + besideMs, pauseMs, sizeBytes: residentBytes };
  }
  const pauseMs = Math.round(STAND_MS + gigabytes * FORK_MS_PER_GB);
  // Memory that does not compress at all is rare; half of it is a lot (measured: a third to a ninth).
  return { timeMs: pauseMs + besideMs, pauseMs, sizeBytes: Math.round(residentBytes / 2) };
}
