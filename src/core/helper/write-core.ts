// From areas, registers and memory to a core at its output, and what is to be said of it.
import { closeSync, openSync } from "node:fs";
import { ExhibitError } from "../../errors.ts";
import { hasEnded, parseProcStat } from "../../parsers/proc-stat.ts";
import type { Area, AreaDetails } from "../../parsers/proc-maps.ts";
import { buildCoreHead } from "../elf/core-head.ts";
import { dumpedBytes, filteredBytes, isListed } from "../elf/dump-rule.ts";
import { streamMemory, type MemoryCounts, type Saved } from "../elf/memory.ts";
import { buildNotes, type ThreadRegisters } from "../elf/note.ts";
import type { Output } from "./output.ts";
import { read, type TargetFacts } from "./target.ts";
import { wipedAreas } from "./touched.ts";

export interface CoreRequest {
  readonly target: TargetFacts;
  readonly threads: readonly ThreadRegisters[];
  readonly areas: readonly AreaDetails[];
  /** Whose memory is read: the copy, or the target itself. */
  readonly from: number;
  readonly saved: readonly Saved[];
  readonly output: Output;
  readonly signal: AbortSignal;
}

export interface WrittenCore extends MemoryCounts {
  readonly coreBytes: number;
  readonly headBytes: number;
  readonly segments: number;
  readonly streamMs: number;
  /** Kept out of it by the target's coredump_filter, in words. */
  readonly leftOut: string | undefined;
  /** Zeros in the copy, and not in the process (MADV_WIPEONFORK). */
  readonly wiped: readonly Area[];
}

/** Rejects when the output breaks, or the signal aborts. */
export async function writeCore(request: CoreRequest): Promise<WrittenCore> {
  const { target, areas, from, saved, output, signal } = request;
  const begun = performance.now();
  const wiped = from === target.pid ? [] : wipedAreas(target, { areas, saved });
  const segments = areas
    .map((area) => ({ area, bytes: dumpedBytes(area, target.filter) }))
    .filter(({ area, bytes }) => isListed(area, bytes) && !wiped.includes(area));
  const head = buildCoreHead(segments, buildNotes(target.facts, request.threads, areas));
  const memory = openSync(`/proc/${from}/mem`, "r");
  const pagemap = openSync(`/proc/${from}/pagemap`, "r");
  const during = interruptible(signal);
  const sink = {
    write: (bytes: Buffer) => during(output.write(bytes)),
    skip: (bytes: number) => during(output.skip(bytes)),
  };
  try {
    await sink.write(head.bytes);
    const lost = () => lostReason(from, target.pid);
    const counts = await streamMemory({ memory, pagemap, saved, lost }, segments, sink);
    await during(output.end());
    return {
      ...counts,
      leftOut: leftOutBy(target, areas),
      wiped,
      coreBytes: head.totalBytes,
      headBytes: head.bytes.length,
      segments: segments.length,
      streamMs: Math.round(performance.now() - begun),
    };
  } finally {
    closeSync(memory);
    closeSync(pagemap);
  }
}

/**
 * Work that is given up when the signal aborts, one at a time. Not by Promise.race: a promise that settles late holds on to
 * all that it ever raced with, which are tens of thousands of pieces.
 */
function interruptible(signal: AbortSignal): <T>(work: Promise<T>) => Promise<T> {
  const reason = () => new ExhibitError(String(signal.reason ?? "it was told to end"));
  let giveUp: ((error: ExhibitError) => void) | undefined;
  signal.addEventListener("abort", () => giveUp?.(reason()), { once: true });
  return (work) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) reject(reason());
      giveUp = reject;
      work.then(resolve, reject);
    });
}

/** Why nothing more can be read of a process: it has ended. */
function lostReason(from: number, target: number): string | undefined {
  try {
    const stat = parseProcStat(read(from, "stat"));
    if (stat !== undefined && !hasEnded(stat)) return undefined;
  } catch {
    // Not even its zombie is there.
  }
  return from === target
    ? "the target ended before all of it was read"
    : "the copy was ended before all of it was read: where memory is short the kernel ends it first";
}

/** A core without what the target holds in memory must not pass for one (core(5), "coredump_filter"). */
function leftOutBy({ pid, filter }: TargetFacts, areas: readonly AreaDetails[]): string | undefined {
  const bytes = filteredBytes(areas, filter);
  return bytes === 0
    ? undefined
    : `the target's coredump_filter (${hex(filter)}) leaves ${bytes} bytes of its memory out of the core; with 0x33 in /proc/${pid}/coredump_filter they would be in it`;
}

/** What keeps a core from being complete, in words. */
export function coreFaults(
  written: Pick<WrittenCore, "failedBytes" | "failedFirst" | "coreBytes" | "leftOut" | "wiped">,
  found: { readonly missing: readonly Area[]; readonly writtenBytes: number },
): string[] {
  const faults: string[] = [];
  if (written.failedBytes > 0)
    faults.push(
      `${written.failedBytes} bytes of memory could not be read, the first at ${hex(written.failedFirst ?? 0)}`,
    );
  if (written.leftOut !== undefined) faults.push(written.leftOut);
  const told = new Set(found.missing.map(({ start }) => start));
  const missing = [...found.missing, ...written.wiped.filter(({ start }) => !told.has(start))];
  const [first] = missing;
  if (first !== undefined)
    faults.push(
      `${missing.length} areas of memory are missing, the first ${first.end - first.start} bytes at ${hex(first.start)}`,
    );
  if (found.writtenBytes !== written.coreBytes)
    faults.push(`${found.writtenBytes} bytes were written where the headers need ${written.coreBytes}`);
  return faults;
}

function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
