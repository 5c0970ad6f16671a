// The size of a page of memory, which is 64 KiB on some hosts: in pages the kernel tells resident memory.
import { readHostSync } from "./host-files.ts";

/** getauxval(3), AT_PAGESZ. */
const AT_PAGESZ = 6n;

/** From the vector that the kernel gave us when we started (proc(5), auxv); undefined where there is none. */
export function pageBytes(): number | undefined {
  try {
    const vector = readHostSync("/proc/self/auxv");
    // Pairs of 64-bit words: Node runs on little-endian hosts of 64 bits but for s390x.
    for (let at = 0; at + 16 <= vector.length; at += 16)
      if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8));
  } catch {
    // No /proc of Linux.
  }
  return undefined;
}
