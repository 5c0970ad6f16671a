// Memory that a copy does not carry, or does not freeze: shared memory, MADV_WIPEONFORK, and what stayed MADV_DONTFORK.
// It is copied while the target stands, up to a limit; what is beyond it is named.
import { detailed, NO_FLAGS, type Area, type AreaDetails } from "../../parsers/proc-maps.ts";
import { dumpedBytes } from "../elf/dump-rule.ts";
import type { Saved } from "../elf/memory.ts";
import { readArea } from "../ptrace/gadgets.ts";

/** 64 MB take about 20 ms (measured: 3.3 GB/s). */
const MOST_BYTES = 64 * 1024 ** 2;

export interface Unfrozen {
  readonly saved: readonly Saved[];
  /** Left for later: still shared, so not of the same instant. */
  readonly late: readonly Area[];
  /** In no copy, and not copied now: missing from the core. */
  readonly missing: readonly Area[];
}

interface Request {
  readonly memory: number;
  /** Of the target in this moment. */
  readonly areas: readonly Area[];
  readonly left: readonly Area[];
  /** As smaps told them a moment before. */
  readonly known: readonly AreaDetails[];
  readonly filter: number;
}

export function saveUnfrozen({ memory, areas, left, known, filter }: Request): Unfrozen {
  const wiped = new Map(known.filter(({ flags }) => flags.wipeOnFork).map((area) => [area.start, area]));
  const details = new Map(known.map((area) => [area.start, area]));
  const notCopied = new Set(left);
  const saved: Saved[] = [];
  const late: Area[] = [];
  const missing: Area[] = [];
  let bytes = 0;
  for (const area of areas) {
    const isMissing = notCopied.has(area);
    const isShared = area.permissions[3] === "s";
    if (!isMissing && !isShared && wiped.get(area.start)?.end !== area.end) continue;
    const length = dumpedBytes(describe(area, details.get(area.start)), filter);
    if (length === 0) continue;
    if (bytes + length > MOST_BYTES) {
      if (isMissing || !isShared) missing.push(area);
      else late.push(area);
      continue;
    }
    const content = readArea(memory, area.start, length);
    bytes += content.length;
    if (content.length > 0) saved.push({ address: area.start, bytes: content });
    if (content.length < length) missing.push(area);
  }
  return { saved, late, missing };
}

/** What is known of an area; a new one counts as written to, so that it is not left out. */
export function describe(area: Area, details: AreaDetails | undefined): AreaDetails {
  if (details?.end === area.end && details.permissions === area.permissions)
    return detailed(area, details, details.flags);
  const anonymousBytes = area.inode === 0 ? area.end - area.start : 0;
  return detailed(area, { residentBytes: 0, anonymousBytes, swapBytes: 0 }, NO_FLAGS);
}
