// One member of a zip in a store, in two ranged requests: the end of the zip, which holds its directory, then the member
// itself. yauzl reads the directory (ZIP64 too); alone it would ask for every entry of it by itself, so it is given what
// we have already.
import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import yauzl, { type Entry, type ZipFile } from "yauzl";
import { messageOf, UploadError } from "../errors.ts";
import { printable } from "../printable.ts";
import { StoredFault } from "./pieces.ts";
import type { Store, StoredRange } from "./store.ts";

/** Holds the directory of some thousand members; a larger one costs one request more. */
const TAIL_BYTES = 128 * 1024;
/** No zip of ours has a directory as large as this; nor do we read that much of somebody else's. */
const DIRECTORY_LIMIT_BYTES = 8 * 1024 ** 2;
/** APPNOTE.TXT 4.3.7: a member's own header without its name and extra field. */
const HEADER_BYTES = 30;
/** The extra field of a member's own header may be longer than in the directory; archiver's has at most 20 bytes. */
const EXTRA_BYTES = 256;

type Read = (from: number, bytes: number) => Promise<StoredRange | undefined>;

/** Serves ranges from what was fetched. What is missing then can only be the rest of the directory, which it fetches once. */
class FetchedReader extends yauzl.RandomAccessReader {
  readonly #windows: StoredRange[];
  readonly #read: Read;
  #mayFetch = true;

  constructor(tail: StoredRange, read: Read) {
    super();
    this.#windows = [tail];
    this.#read = read;
  }

  async fetch(start: number, end: number): Promise<void> {
    const window = this.#find(start, end) ? undefined : await this.#read(start, end - start);
    if (window) this.#windows.push(window);
  }

  #find(start: number, end: number): StoredRange | undefined {
    return this.#windows.find(({ from, data }) => from <= start && end <= from + data.length);
  }

  async *#bytes(start: number, end: number): AsyncGenerator<Buffer> {
    if (this.#mayFetch && !this.#find(start, end)) {
      this.#mayFetch = false;
      await this.fetch(
        start,
        Math.max(end, Math.min(this.#windows[0]?.from ?? end, start + DIRECTORY_LIMIT_BYTES)),
      );
    }
    const found = this.#find(start, end);
    if (!found) throw new Error(`bytes ${start} to ${end} lie where a zip of ours has none`);
    yield found.data.subarray(start - found.from, end - found.from);
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#bytes(start, end));
  }
}

/**
 * The bytes of a member, whose path is that below the zip's one top folder; undefined when there is no such zip or member.
 * Throws StoredFault when the zip is damaged (each member has a CRC-32) or the member larger than `limitBytes`.
 */
export async function readZipMember(
  store: Store,
  key: string,
  { path, limitBytes }: { readonly path: string; readonly limitBytes: number },
): Promise<Buffer | undefined> {
  const tail = await store.readRange(key, { last: TAIL_BYTES });
  if (tail === undefined) return undefined;
  const reader = new FetchedReader(tail, (from, bytes) => store.readRange(key, { from, bytes }));
  try {
    const zip = await yauzl.fromRandomAccessReaderPromise(reader, tail.totalBytes, { autoClose: false });
    const member = await findMember(zip, path);
    if (member === undefined) return undefined;
    const { uncompressedSize, compressedSize, relativeOffsetOfLocalHeader: at, fileNameLength } = member;
    if (uncompressedSize > limitBytes)
      throw new StoredFault("changed", `${path} has ${uncompressedSize} bytes, more than ${limitBytes}`);
    const end = at + HEADER_BYTES + fileNameLength + EXTRA_BYTES + compressedSize;
    await reader.fetch(at, Math.min(tail.totalBytes, end));
    const pieces: Buffer[] = [];
    for await (const piece of await zip.openReadStreamPromise(member)) pieces.push(Buffer.from(piece));
    const data = Buffer.concat(pieces);
    if (crc32(data) === member.crc32) return data;
    throw new StoredFault("changed", `the CRC-32 of ${path} is wrong`);
  } catch (error) {
    if (error instanceof UploadError) throw error;
    throw new StoredFault("changed", `${store.url(key)}: ${printable(messageOf(error))}`);
  }
}

async function findMember(zip: ZipFile, path: string): Promise<Entry | undefined> {
  for await (const entry of zip.eachEntry())
    if (entry.fileName.slice(entry.fileName.indexOf("/") + 1) === path) return entry;
  return undefined;
}
