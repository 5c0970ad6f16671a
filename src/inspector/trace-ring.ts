// Where V8 keeps the last 512 bytes of its own lines about garbage collections: Heap::trace_ring_buffer_, a part of every isolate,
// written whether --trace-gc is on or not (GCTracer::Output; meant for a crash). It is found by what it says, never by an
// offset: the line names the process and the isolate's address, and the buffer lies within that isolate. What must stay true: reading
// is all that is done, only of pages that are there, and what is not exactly as expected is no buffer.
import { closeSync, openSync, readSync } from "node:fs";
import type { HeldProcess } from "../host/process-files.ts";
import { parseMaps, type Area } from "../parsers/proc-maps.ts";
import { parseProcStatus } from "../parsers/proc-status.ts";
import { attempt } from "../target/executable.ts";
import { mapsOf } from "../target/runtime.ts";

/** kTraceRingBufferSize. */
export const RING_BYTES = 512;
/** Behind the text: `bool ring_buffer_full_` (another one before it in Node 18), padding, `size_t ring_buffer_end_`. */
const TAIL_BYTES = 16;
/** An isolate has 60 to 70 KB in V8 10 to 14 (Node 18 to 26). */
const ISOLATE_BYTES = 256 * 1024;
/** The first isolate is made in the first moments of a process, so it lies low in what malloc gives. */
const MOST_HEAP_BYTES = 32 * 1024 ** 2;
/** Where another malloc is in use there is no [heap] to speak of, and it is searched for in what that has. */
const SMALL_HEAP_BYTES = 1024 ** 2;
const MOST_OTHER_BYTES = 128 * 1024 ** 2;
const PAGE_BYTES = 4096;

/** The text, oldest first, and where the next will be written; undefined when it cannot be read any more. */
export interface Ring {
  readonly read: () => string | undefined;
  readonly close: () => void;
}

/** The buffer of a process, or why there is none that can be told. It has none before its first collection. */
export function findRing(held: HeldProcess): Ring | { readonly unknown: string } {
  const memory = attempt(() => openSync(held.pathOf("mem"), "r"));
  const pagemap = attempt(() => openSync(held.pathOf("pagemap"), "r"));
  const found = memory === undefined || pagemap === undefined ? [] : ringsIn(held, { memory, pagemap });
  if (pagemap !== undefined) closeSync(pagemap);
  const [address] = found;
  if (memory !== undefined && address !== undefined && found.length === 1)
    return {
      read: () => attempt(() => textOf(readAt(memory, address, RING_BYTES + TAIL_BYTES))),
      close: () => closeSync(memory),
    };
  if (memory === undefined || pagemap === undefined) return { unknown: "its memory may not be read" };
  closeSync(memory);
  return {
    unknown: found.length === 0 ? "V8's lines about it were not found" : "it has several isolates",
  };
}

interface Memory {
  readonly memory: number;
  readonly pagemap: number;
}

function ringsIn(held: HeldProcess, files: Memory): readonly number[] {
  const areas = parseMaps(mapsOf(held) ?? "").filter(
    ({ permissions, inode }) => permissions === "rw-p" && inode === 0,
  );
  const beginning = attempt(() => beginningOf(held));
  if (beginning === undefined) return [];
  const heap = areas.filter(({ name }) => name === "[heap]");
  if (heap.reduce((sum, { start, end }) => sum + end - start, 0) >= SMALL_HEAP_BYTES)
    return searchAll(files, heap, { beginning, mostBytes: MOST_HEAP_BYTES });
  const others = areas.filter(({ name }) => name === "" || name.startsWith("[anon"));
  return searchAll(files, others, { beginning, mostBytes: MOST_OTHER_BYTES });
}

/** What each line begins with: the process as it knows itself, within its namespace. */
function beginningOf(held: HeldProcess): string {
  const { namespacePids } = parseProcStatus(held.readSync("status").toString("latin1"));
  return `[${namespacePids?.at(-1) ?? held.pid}:0x`;
}

interface Search {
  readonly beginning: string;
  readonly mostBytes: number;
}

function searchAll(
  files: Memory,
  areas: readonly Area[],
  { beginning, mostBytes }: Search,
): readonly number[] {
  const rings = new Set<number>();
  let left = mostBytes;
  for (const { start, end } of areas)
    for (const run of presentRuns(files, start, end)) {
      if (left <= 0) return [...rings];
      const bytes = readAt(files.memory, run.start, Math.min(run.bytes, left));
      left -= bytes.length;
      for (const ring of searchIn(bytes, run.start, beginning)) rings.add(ring);
    }
  return [...rings];
}

/** Pages that are in memory: a read of others would bring them in from swap, or make them. */
function* presentRuns({ pagemap }: Memory, start: number, end: number) {
  const PIECE_PAGES = 4096;
  let begin: number | undefined;
  for (let page = start / PAGE_BYTES; page < end / PAGE_BYTES; page += PIECE_PAGES) {
    const pages = Math.min(PIECE_PAGES, end / PAGE_BYTES - page);
    const entries = readAt(pagemap, page * 8, pages * 8);
    for (let index = 0; index < pages; index++) {
      const address = (page + index) * PAGE_BYTES;
      // Bit 63 of proc_pid_pagemap(5).
      const isThere = ((entries[index * 8 + 7] ?? 0) & 0x80) !== 0;
      if (isThere) begin ??= address;
      else if (begin !== undefined) {
        yield { start: begin, bytes: address - begin };
        begin = undefined;
      }
    }
    const reached = (page + pages) * PAGE_BYTES;
    if (begin !== undefined) yield { start: begin, bytes: reached - begin };
    begin = undefined;
  }
}

function searchIn(bytes: Buffer, address: number, beginning: string): readonly number[] {
  const rings: number[] = [];
  for (
    let at = bytes.indexOf(beginning, 0, "latin1");
    at !== -1;
    at = bytes.indexOf(beginning, at + 1, "latin1")
  ) {
    const isolate = /^0x([0-9a-f]{4,12})\] /.exec(
      bytes.toString("latin1", at + beginning.length - 2, at + beginning.length + 16),
    )?.[1];
    const within = address + at - Number.parseInt(isolate ?? "", 16);
    if (!(within > 0 && within < ISOLATE_BYTES)) continue;
    const ring = ringAround(bytes, at);
    if (ring !== undefined) rings.push(address + ring);
  }
  return rings;
}

/** Where the buffer begins that holds what is at `at`. */
function ringAround(bytes: Buffer, at: number): number | undefined {
  // Not full yet: its first line is its beginning. Full: that line may be anywhere in it.
  for (let begin = at; begin >= Math.max(0, at - RING_BYTES + 1); begin--) {
    const text = textOf(bytes.subarray(begin, begin + RING_BYTES + TAIL_BYTES));
    if (text !== undefined && (text.length === RING_BYTES || begin === at)) return begin;
  }
  return undefined;
}

/** Undefined when the bytes are not such a buffer. */
function textOf(bytes: Buffer): string | undefined {
  if (bytes.length < RING_BYTES + TAIL_BYTES) return undefined;
  const isFull = bytes[RING_BYTES] === 1 || bytes[RING_BYTES + 1] === 1;
  const end = bytes.readBigUInt64LE(RING_BYTES + 8);
  if (end > RING_BYTES || end === 0n) return undefined;
  const last = bytes.subarray(0, Number(end)).toString("latin1");
  const text = isFull ? bytes.subarray(Number(end), RING_BYTES).toString("latin1") + last : last;
  return /^[\x20-\x7e\n]*$/.test(text) ? text : undefined;
}

function readAt(file: number, address: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  return buffer.subarray(0, readSync(file, buffer, 0, bytes, address));
}
