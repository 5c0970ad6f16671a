// The headers of a core file: 64-bit, little-endian ELF, as gdb, the Linux kernel and illumos' gcore write it on x86-64 and
// arm64. See elf(5) and core(5).

export interface ElfHeader {
  readonly machine: number;
  readonly programHeaders: { readonly offset: number; readonly size: number; readonly count: number };
  readonly sectionHeaders: { readonly offset: number; readonly size: number; readonly count: number };
}

export interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: bigint;
  readonly fileBytes: number;
  readonly memoryBytes: number;
}

export interface Note {
  readonly owner: string;
  readonly type: number;
  readonly content: Buffer;
}

export const ELF_HEADER_BYTES = 64;
export const SECTION_HEADER_BYTES = 64;
export const PT_LOAD = 1;
export const PT_NOTE = 4;
export const PT_PHDR = 6;
/** In place of a count that does not fit 16 bits; the real one is in `sh_info` of section 0. */
export const PN_XNUM = 0xffff;

const PROGRAM_HEADER_BYTES = 56;
const ET_CORE = 4;
const NT_PRSTATUS = 1;
const NT_AUXV = 6;
const NT_GNU_BUILD_ID = 3;
/** `pr_pid` in struct elf_prstatus of 64-bit Linux (include/uapi/linux/elfcore.h). */
const PR_PID_OFFSET = 32;

/** A 64-bit number of a file; undefined when it is larger than any file. */
function large(bytes: Buffer, at: number): number | undefined {
  const value = bytes.readBigUInt64LE(at);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
}

/** The header at the beginning of a core; undefined when this is no 64-bit little-endian core file. */
export function parseElfHeader(bytes: Buffer): ElfHeader | undefined {
  if (bytes.length < ELF_HEADER_BYTES || bytes.readUInt32BE(0) !== 0x7f454c46) return undefined;
  if (bytes[4] !== 2 || bytes[5] !== 1 || bytes.readUInt16LE(16) !== ET_CORE) return undefined;
  const [programs, sections] = [large(bytes, 32), large(bytes, 40)];
  if (programs === undefined || sections === undefined) return undefined;
  return {
    machine: bytes.readUInt16LE(18),
    programHeaders: { offset: programs, size: bytes.readUInt16LE(54), count: bytes.readUInt16LE(56) },
    sectionHeaders: { offset: sections, size: bytes.readUInt16LE(58), count: bytes.readUInt16LE(60) },
  };
}

/** `sh_info` of a section header: the number of program headers when there are 65,535 or more. */
export function parseSectionInfo(bytes: Buffer): number | undefined {
  return bytes.length < SECTION_HEADER_BYTES ? undefined : bytes.readUInt32LE(44);
}

/** Program headers one after another; `size` is `e_phentsize`. What is cut off or absurd is left out. */
export function parseProgramHeaders(bytes: Buffer, size: number): Segment[] {
  const segments: Segment[] = [];
  if (size < PROGRAM_HEADER_BYTES) return segments;
  for (let at = 0; at + PROGRAM_HEADER_BYTES <= bytes.length; at += size) {
    const [offset, fileBytes, memoryBytes] = [
      large(bytes, at + 8),
      large(bytes, at + 32),
      large(bytes, at + 40),
    ];
    if (offset === undefined || fileBytes === undefined || memoryBytes === undefined) continue;
    segments.push({
      type: bytes.readUInt32LE(at),
      offset,
      address: bytes.readBigUInt64LE(at + 16),
      fileBytes,
      memoryBytes,
    });
  }
  return segments;
}

function aligned(length: number): number {
  return Math.ceil(length / 4) * 4;
}

/** The notes of a PT_NOTE segment, aligned to 4 bytes; ends at the first that does not fit. */
export function parseNotes(bytes: Buffer): Note[] {
  const notes: Note[] = [];
  for (let at = 0; at + 12 <= bytes.length;) {
    const [ownerBytes, contentBytes] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    const content = at + 12 + aligned(ownerBytes);
    if (content + contentBytes > bytes.length) break;
    notes.push({
      owner: bytes.toString("latin1", at + 12, at + 12 + Math.max(ownerBytes - 1, 0)),
      type: bytes.readUInt32LE(at + 8),
      content: bytes.subarray(content, content + contentBytes),
    });
    at = content + aligned(contentBytes);
  }
  return notes;
}

/** The threads of a Linux core, by their ids: one NT_PRSTATUS note each. */
export function threadIdsOf(notes: readonly Note[]): number[] {
  return notes
    .filter(
      (note) =>
        note.owner === "CORE" && note.type === NT_PRSTATUS && note.content.length >= PR_PID_OFFSET + 4,
    )
    .map((note) => note.content.readInt32LE(PR_PID_OFFSET));
}

/** One value of the auxiliary vector (getauxval(3)) in a core's notes, such as AT_PHDR (3). */
export function auxiliaryValue(notes: readonly Note[], key: bigint): bigint | undefined {
  const vector = notes.find((note) => note.type === NT_AUXV)?.content ?? Buffer.alloc(0);
  for (let at = 0; at + 16 <= vector.length; at += 16)
    if (vector.readBigUInt64LE(at) === key) return vector.readBigUInt64LE(at + 8);
  return undefined;
}

/** The build id in notes of an executable, in hexadecimal. */
export function buildIdOf(notes: readonly Note[]): string | undefined {
  const note = notes.find(({ owner, type }) => owner === "GNU" && type === NT_GNU_BUILD_ID);
  return note === undefined || note.content.length === 0 ? undefined : note.content.toString("hex");
}
