// Reads the headers of a core that we have just made, to find out what it really holds. The file is ours; it may all the
// same be a stump, full of holes, or huge: every read is bounded, and what cannot be read is absent, never zero.
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { errnoOf } from "../errors.ts";
import {
  ELF_HEADER_BYTES,
  PN_XNUM,
  PT_LOAD,
  PT_NOTE,
  PT_PHDR,
  SECTION_HEADER_BYTES,
  auxiliaryValue,
  buildIdOf,
  parseElfHeader,
  parseNotes,
  parseProgramHeaders,
  parseSectionInfo,
  threadIdsOf,
  type ElfHeader,
  type Note,
  type Segment,
} from "../parsers/elf-core.ts";

export interface CoreFile {
  readonly sizeBytes: number;
  /** Absent when the file is no core, or too short for its own headers. */
  readonly contents: CoreContents | undefined;
}

export interface CoreContents {
  /** How long the file must be for everything that its headers name. */
  readonly neededBytes: number;
  readonly segments: number;
  readonly memoryBytes: number;
  /** Absent when the notes could not be read. */
  readonly threadIds: readonly number[] | undefined;
  /** Of the executable, read from its image in the core. */
  readonly buildId: string | undefined;
}

// A process may have 65,530 areas by default (vm.max_map_count), a note for one thread takes up to 20 KB.
const MOST_SEGMENTS = 1_000_000;
const MOST_NOTE_BYTES = 256 * 1024 ** 2;
const AT_PHDR = 3n;
const AT_PHNUM = 5n;

/** What a core file holds; undefined when there is no such file. @see elf(5), core(5) */
export async function readCoreFile(path: string): Promise<CoreFile | undefined> {
  const file = await openExisting(path);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    return { sizeBytes: size, contents: await readContents(file) };
  } finally {
    await file.close();
  }
}

async function openExisting(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Exactly `length` bytes, or undefined when the file ends before. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer | undefined> {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, length - at, position + at);
    if (bytesRead === 0) return undefined;
    at += bytesRead;
  }
  return bytes;
}

async function readContents(file: FileHandle): Promise<CoreContents | undefined> {
  const header = parseElfHeader((await readAt(file, 0, ELF_HEADER_BYTES)) ?? Buffer.alloc(0));
  if (header === undefined) return undefined;
  const count = await countSegments(file, header);
  const { offset, size } = header.programHeaders;
  if (count === undefined || count > MOST_SEGMENTS) return undefined;
  const table = await readAt(file, offset, count * size);
  if (table === undefined) return undefined;
  const segments = parseProgramHeaders(table, size);
  if (segments.length !== count) return undefined;
  const notes = await readNotes(file, segments);
  const sections = header.sectionHeaders;
  const ends = segments.map((segment) => segment.offset + segment.fileBytes);
  const loads = segments.filter((segment) => segment.type === PT_LOAD);
  return {
    neededBytes: [...ends, offset + count * size].reduce(
      (most, end) => Math.max(most, end),
      sections.offset + sections.count * sections.size,
    ),
    segments: loads.length,
    memoryBytes: loads.reduce((sum, segment) => sum + segment.fileBytes, 0),
    threadIds: notes === undefined ? undefined : threadIdsOf(notes),
    buildId: notes === undefined ? undefined : await readBuildId(file, segments, notes),
  };
}

async function countSegments(file: FileHandle, header: ElfHeader): Promise<number | undefined> {
  if (header.programHeaders.count !== PN_XNUM) return header.programHeaders.count;
  const section = await readAt(file, header.sectionHeaders.offset, SECTION_HEADER_BYTES);
  return section === undefined ? undefined : parseSectionInfo(section);
}

async function readNotes(file: FileHandle, segments: readonly Segment[]): Promise<Note[] | undefined> {
  const notes: Note[] = [];
  for (const segment of segments.filter((one) => one.type === PT_NOTE)) {
    if (segment.fileBytes > MOST_NOTE_BYTES) return undefined;
    const bytes = await readAt(file, segment.offset, segment.fileBytes);
    if (bytes === undefined) return undefined;
    notes.push(...parseNotes(bytes));
  }
  return notes;
}

/** Memory of the process out of its core; undefined where the core has none. */
async function readMemory(
  file: FileHandle,
  segments: readonly Segment[],
  area: { readonly address: bigint; readonly length: number },
): Promise<Buffer | undefined> {
  const { address, length } = area;
  const segment = segments.find(
    (one) =>
      one.type === PT_LOAD &&
      address >= one.address &&
      address + BigInt(length) <= one.address + BigInt(one.fileBytes),
  );
  if (segment === undefined) return undefined;
  return readAt(file, segment.offset + Number(address - segment.address), length);
}

/** AT_PHDR is where the executable's own program headers lie in memory; they lead to its notes (getauxval(3)). */
async function readBuildId(
  file: FileHandle,
  segments: readonly Segment[],
  notes: readonly Note[],
): Promise<string | undefined> {
  const [address, count] = [auxiliaryValue(notes, AT_PHDR), auxiliaryValue(notes, AT_PHNUM)];
  if (address === undefined || count === undefined || count > 256n) return undefined;
  const table = await readMemory(file, segments, { address, length: Number(count) * 56 });
  if (table === undefined) return undefined;
  const own = parseProgramHeaders(table, 56);
  const itself = own.find((segment) => segment.type === PT_PHDR);
  // Without PT_PHDR the program is a fixed one, loaded where its headers say.
  const bias = itself === undefined ? 0n : address - itself.address;
  for (const segment of own.filter((one) => one.type === PT_NOTE && one.memoryBytes <= 65_536)) {
    const bytes = await readMemory(file, segments, {
      address: bias + segment.address,
      length: segment.memoryBytes,
    });
    const buildId = bytes === undefined ? undefined : buildIdOf(parseNotes(bytes));
    if (buildId !== undefined) return buildId;
  }
  return undefined;
}
