// The memory of a core, read page run by page run out of /proc/PID/mem. Only pages that are there are read: pagemap tells
// them apart, and every other page of anonymous memory is zeros. Memory use does not depend on the size of the process: one
// buffer is filled while the other is being written.
import { read } from "node:fs";
import { promisify } from "node:util";
import { ExhibitError } from "../../errors.ts";
import type { AreaDetails } from "../../parsers/proc-maps.ts";
import type { CoreSegment } from "./core-head.ts";

const PAGE_BYTES = 4096;
/** The fastest reads of /proc/PID/mem (measured: 256 KB to 1 MB). */
const READ_BYTES = 512 * 1024;
const PAGEMAP_BYTES = 128 * 1024;
/** Of a process that is gone nothing more can be read: gigabytes of zeros would be written in its place. */
const ASK_EVERY_BYTES = 256 * PAGE_BYTES;

const readAt = promisify(read);

/** Bytes that stand for what the memory holds at an address: what was saved while the target stood. */
export interface Saved {
  readonly address: number;
  readonly bytes: Buffer;
}

export interface MemorySource {
  /** Descriptors of /proc/PID/mem and /proc/PID/pagemap; without the second, every page is read. */
  readonly memory: number;
  readonly pagemap: number | undefined;
  readonly saved: readonly Saved[];
  /** Asked when a read fails: why nothing more will come of it. */
  readonly lost?: () => string | undefined;
}

export interface MemoryCounts {
  /** Read out of the process. */
  readBytes: number;
  /** Pages that were never there: zeros. */
  holeBytes: number;
  /** Pages that could not be read: zeros that are no truth. */
  failedBytes: number;
  failedFirst: number | undefined;
}

export interface Sink {
  /** Resolves once the bytes may be overwritten. */
  readonly write: (bytes: Buffer) => Promise<void>;
  readonly skip: (bytes: number) => Promise<void>;
}

interface Run {
  readonly address: number;
  readonly bytes: number;
  readonly there: boolean;
}

/** Writes the memory of the segments in order. */
export async function streamMemory(
  source: MemorySource,
  segments: readonly CoreSegment[],
  sink: Sink,
): Promise<MemoryCounts> {
  const counts: MemoryCounts = { readBytes: 0, holeBytes: 0, failedBytes: 0, failedFirst: undefined };
  const buffers = [Buffer.allocUnsafeSlow(READ_BYTES), Buffer.allocUnsafeSlow(READ_BYTES)];
  const words = new Uint32Array(PAGEMAP_BYTES / 4);
  let turn = 0;
  let writing: Promise<void> = Promise.resolve();
  for (const segment of segments) {
    for await (const run of runsOf(segment, source.pagemap, words)) {
      if (!run.there) {
        await writing;
        await sink.skip(run.bytes);
        counts.holeBytes += run.bytes;
        continue;
      }
      for (let at = 0; at < run.bytes; at += READ_BYTES) {
        const bytes = (buffers[turn++ % 2] ?? Buffer.alloc(0)).subarray(
          0,
          Math.min(READ_BYTES, run.bytes - at),
        );
        await fill(source, { bytes, address: run.address + at }, counts);
        await writing;
        writing = sink.write(bytes);
        // Its failure is met by the next await; until then nobody listens.
        writing.catch(() => undefined);
        counts.readBytes += bytes.length;
      }
    }
  }
  await writing;
  return counts;
}

/** Reads one piece; a page that cannot be read becomes zeros, and is counted. Rejects when the process is lost. */
async function fill(
  { memory, saved, lost }: MemorySource,
  { bytes, address }: { readonly bytes: Buffer; readonly address: number },
  counts: MemoryCounts,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesRead } = await readAt(memory, bytes, at, bytes.length - at, address + at).catch(() => ({
      bytesRead: 0,
    }));
    at += bytesRead;
    if (bytesRead > 0) continue;
    const reason = counts.failedBytes % ASK_EVERY_BYTES === 0 ? lost?.() : undefined;
    if (reason !== undefined) throw new ExhibitError(reason);
    const skipped = Math.min(bytes.length - at, PAGE_BYTES - ((address + at) % PAGE_BYTES));
    if (!isSaved(saved, address + at, skipped)) {
      counts.failedBytes += skipped;
      counts.failedFirst ??= address + at;
    }
    bytes.fill(0, at, at + skipped);
    at += skipped;
  }
  for (const one of saved) {
    const from = Math.max(address, one.address);
    const to = Math.min(address + bytes.length, one.address + one.bytes.length);
    if (from < to) one.bytes.copy(bytes, from - address, from - one.address, to - one.address);
  }
}

function isSaved(saved: readonly Saved[], address: number, bytes: number): boolean {
  return saved.some((one) => one.address <= address && address + bytes <= one.address + one.bytes.length);
}

/** Whether pages that pagemap does not know are zeros: in a file's mapping they are the file's. */
function isAnonymous({ inode, name, permissions, flags }: AreaDetails): boolean {
  return inode === 0 && name !== "[vdso]" && permissions[3] === "p" && !flags.wipeOnFork && !flags.huge;
}

async function* runsOf(
  { area, bytes }: CoreSegment,
  pagemap: number | undefined,
  words: Uint32Array<ArrayBuffer>,
): AsyncGenerator<Run> {
  if (bytes === 0) return;
  if (pagemap === undefined || !isAnonymous(area)) {
    yield { address: area.start, bytes, there: true };
    return;
  }
  const raw = Buffer.from(words.buffer);
  let begin = area.start;
  let there: boolean | undefined;
  for (let address = area.start; address < area.start + bytes;) {
    const pages = Math.min(words.length / 2, (area.start + bytes - address) / PAGE_BYTES);
    const { bytesRead } = await readAt(pagemap, raw, 0, pages * 8, (address / PAGE_BYTES) * 8);
    for (let page = 0; page < bytesRead / 8; page++, address += PAGE_BYTES) {
      // Bit 63: in memory; bit 62: swapped out (Documentation/admin-guide/mm/pagemap.rst).
      const isThere = ((words[2 * page + 1] ?? 0) & 0xc000_0000) !== 0;
      if (isThere === there) continue;
      if (there !== undefined) yield { address: begin, bytes: address - begin, there };
      begin = address;
      there = isThere;
    }
    // Nothing is known of the rest: read it.
    if (bytesRead === 0) {
      if (there === false) yield { address: begin, bytes: address - begin, there };
      if (there !== true) begin = address;
      there = true;
      break;
    }
  }
  yield { address: begin, bytes: area.start + bytes - begin, there: there ?? true };
}
