// Which memory belongs in a core: the kernel's own rule, vma_dump_size() in fs/coredump.c, over what /proc/PID/smaps tells,
// with the bits of /proc/PID/coredump_filter (core(5)).
import type { AreaDetails } from "../../parsers/proc-maps.ts";

const ANONYMOUS_PRIVATE = 0x1;
const ANONYMOUS_SHARED = 0x2;
const FILE_PRIVATE = 0x4;
const FILE_SHARED = 0x8;
const ELF_HEADERS = 0x10;
const HUGE_PRIVATE = 0x20;
const HUGE_SHARED = 0x40;

/** What the kernel takes when nobody chose. */
export const USUAL_FILTER = 0x33;

/** One page of a file's first mapping leads a debugger to its build id. */
const HEADER_BYTES = 4096;

/** How many bytes of an area, from its start, a core holds. */
export function dumpedBytes(area: AreaDetails, filter: number): number {
  const all = area.end - area.start;
  if (area.name === "[vdso]") return all;
  // vvar is the kernel's clock page: it cannot be read from outside.
  if (area.name.startsWith("[vvar")) return 0;
  const { flags } = area;
  if (flags.dontDump || flags.device) return 0;
  const shared = area.permissions[3] === "s";
  const has = (bit: number) => (filter & bit) !== 0;
  if (flags.huge) return has(shared ? HUGE_SHARED : HUGE_PRIVATE) ? all : 0;
  if (shared) {
    // Shared memory without a name has a file of the kernel's that nobody can open any more.
    const nameless = area.inode === 0 || area.name.endsWith(" (deleted)");
    return has(nameless ? ANONYMOUS_SHARED : FILE_SHARED) ? all : 0;
  }
  const written = area.anonymousBytes > 0 || area.swapBytes > 0;
  if (written && has(ANONYMOUS_PRIVATE)) return all;
  if (area.inode === 0) return 0;
  if (has(FILE_PRIVATE)) return all;
  return has(ELF_HEADERS) && area.offset === 0 && area.permissions[0] === "r"
    ? Math.min(HEADER_BYTES, all)
    : 0;
}

/**
 * Whether a core tells of an area although it holds nothing of it. A debugger reads such an area as zeros: true of memory
 * that was never touched, and for a file it looks into the file; but what was left out must not read as zeros.
 */
export function isListed(area: AreaDetails, bytes: number): boolean {
  return bytes > 0 || area.inode !== 0 || area.residentBytes + area.swapBytes === 0;
}

/**
 * How much memory that is nowhere but in the process a filter keeps out of a core, where the usual one would not. Of new areas
 * nothing is known but that they may be written to: all of such a one counts.
 */
export function filteredBytes(areas: readonly AreaDetails[], filter: number): number {
  return areas.reduce((sum, area) => {
    if (dumpedBytes(area, filter) > 0 || dumpedBytes(area, USUAL_FILTER) === 0) return sum;
    const { anonymousBytes, residentBytes, swapBytes, permissions } = area;
    const there = permissions[3] === "s" || area.flags.huge ? residentBytes : anonymousBytes;
    return sum + there + swapBytes;
  }, 0);
}
