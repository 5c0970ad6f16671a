// Whether memory was written to after smaps was read: what smaps told of an area, "nothing in it", may no longer be so a moment
// later, and such an area would be zeros in a core. The page map of /proc is quick enough to be asked while the target stands.
import { closeSync, openSync, readSync } from "node:fs";
import { detailed, type Area, type AreaDetails } from "../../parsers/proc-maps.ts";
import { dumpedBytes } from "../elf/dump-rule.ts";
import type { Saved } from "../elf/memory.ts";

const PAGE_BYTES = 4096;
const PIECE_BYTES = 256 * 1024;
/** More address space than this is not looked through (a tenth of a second); it counts as written to. */
const MOST_BYTES = 64 * 1024 ** 3;

/**
 * The areas, and of those that a process may write to and had not: whether it has by now. `areas` are of this moment, in which
 * it stands.
 */
export function withTouched(pid: number, areas: readonly AreaDetails[]): AreaDetails[] {
  const isTouched = openPageMap(pid);
  try {
    return areas.map((area) => {
      const { anonymousBytes, swapBytes, permissions } = area;
      const mayBe = anonymousBytes + swapBytes === 0 && permissions[1] === "w" && permissions[3] === "p";
      return mayBe && isTouched.look(area) ? written(area) : area;
    });
  } finally {
    isTouched.close();
  }
}

/** All of it: a core holds the pages that are there. */
function written(area: AreaDetails): AreaDetails {
  const { residentBytes, swapBytes, start, end, flags } = area;
  return detailed(area, { residentBytes, anonymousBytes: end - start, swapBytes }, flags);
}

/** Areas that a copy has as zeros (MADV_WIPEONFORK) and the process has not; what was saved of them is not among them. */
export function wipedAreas(
  { pid, filter }: { readonly pid: number; readonly filter: number },
  { areas, saved }: { readonly areas: readonly AreaDetails[]; readonly saved: readonly Saved[] },
): readonly AreaDetails[] {
  const kept = new Set(saved.map(({ address }) => address));
  const wiped = areas.filter(
    (area) => area.flags.wipeOnFork && !kept.has(area.start) && dumpedBytes(written(area), filter) > 0,
  );
  if (wiped.length === 0) return [];
  try {
    const isTouched = openPageMap(pid);
    try {
      return wiped.filter(isTouched.look);
    } finally {
      isTouched.close();
    }
  } catch {
    // The target has ended meanwhile: what it held there, nobody knows.
    return wiped;
  }
}

/** Looks for pages of an area that were written to: in memory and of no file, or in swap. */
function openPageMap(pid: number) {
  const file = openSync(`/proc/${pid}/pagemap`, "r");
  const bytes = Buffer.allocUnsafe(PIECE_BYTES);
  let looked = 0;
  return {
    look: ({ start, end }: Area): boolean => {
      looked += end - start;
      if (looked > MOST_BYTES) return true;
      for (let at = start; at < end;) {
        const length = Math.min(PIECE_BYTES, ((end - at) / PAGE_BYTES) * 8);
        const got = readSync(file, bytes, 0, length, (at / PAGE_BYTES) * 8);
        if (got < 8) return true;
        for (let entry = 0; entry + 8 <= got; entry += 8, at += PAGE_BYTES) {
          // Bit 63: in memory; 62: in swap; 61: of a file (Documentation/admin-guide/mm/pagemap.rst).
          const state = bytes.readUInt8(entry + 7) >> 5;
          if ((state & 0b010) !== 0 || state === 0b100) return true;
        }
      }
      return false;
    },
    close: () => closeSync(file),
  };
}
