// The head of a core: ELF header, program headers and notes, and where each area lies in the file behind it (elf(5)). Every
// area has a program header, as the kernel's cores do: what is left out of the file reads as zeros.
import type { AreaDetails } from "../../parsers/proc-maps.ts";
import { ELF_HEADER_BYTES, PN_XNUM, PT_LOAD, PT_NOTE, SECTION_HEADER_BYTES } from "../../parsers/elf-core.ts";

const PROGRAM_HEADER_BYTES = 56;
const PAGE_BYTES = 4096;
const ET_CORE = 4;
const EM_X86_64 = 62;

export interface CoreSegment {
  readonly area: AreaDetails;
  /** From the area's start; 0 for an area of which the core holds nothing. */
  readonly bytes: number;
}

export interface CoreHead {
  readonly bytes: Buffer;
  /** Of the whole core. */
  readonly totalBytes: number;
}

interface ProgramHeader {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
  readonly align: number;
}

function writeProgramHeader(bytes: Buffer, at: number, header: ProgramHeader): void {
  bytes.writeUInt32LE(header.type, at);
  bytes.writeUInt32LE(header.flags, at + 4);
  bytes.writeBigUInt64LE(BigInt(header.offset), at + 8);
  bytes.writeBigUInt64LE(BigInt(header.address), at + 16);
  bytes.writeBigUInt64LE(BigInt(header.fileBytes), at + 32);
  bytes.writeBigUInt64LE(BigInt(header.memoryBytes), at + 40);
  bytes.writeBigUInt64LE(BigInt(header.align), at + 48);
}

function flagsOf(permissions: string): number {
  return (
    (permissions[0] === "r" ? 4 : 0) | (permissions[1] === "w" ? 2 : 0) | (permissions[2] === "x" ? 1 : 0)
  );
}

/** The segments' bytes follow the head in their order, without gaps. */
export function buildCoreHead(segments: readonly CoreSegment[], notes: Buffer): CoreHead {
  const count = segments.length + 1;
  // A count past 16 bits stands in the first section header (elf(5), PN_XNUM), which then lies behind the program headers.
  const isLarge = count >= PN_XNUM;
  const tableEnd = ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES * count;
  const notesAt = tableEnd + (isLarge ? SECTION_HEADER_BYTES : 0);
  const memoryAt = Math.ceil((notesAt + notes.length) / PAGE_BYTES) * PAGE_BYTES;
  const bytes = Buffer.alloc(memoryAt);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]);
  bytes.writeUInt16LE(ET_CORE, 16);
  bytes.writeUInt16LE(EM_X86_64, 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(BigInt(ELF_HEADER_BYTES), 32);
  bytes.writeUInt16LE(ELF_HEADER_BYTES, 52);
  bytes.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  bytes.writeUInt16LE(isLarge ? PN_XNUM : count, 56);
  if (isLarge) {
    bytes.writeBigUInt64LE(BigInt(tableEnd), 40);
    bytes.writeUInt16LE(SECTION_HEADER_BYTES, 58);
    bytes.writeUInt16LE(1, 60);
    bytes.writeUInt32LE(count, tableEnd + 44);
  }
  writeProgramHeader(bytes, ELF_HEADER_BYTES, {
    type: PT_NOTE,
    flags: 0,
    offset: notesAt,
    address: 0,
    fileBytes: notes.length,
    memoryBytes: 0,
    align: 4,
  });
  notes.copy(bytes, notesAt);
  let offset = memoryAt;
  segments.forEach(({ area, bytes: fileBytes }, index) => {
    writeProgramHeader(bytes, ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES * (index + 1), {
      type: PT_LOAD,
      flags: flagsOf(area.permissions),
      offset,
      address: area.start,
      fileBytes,
      memoryBytes: area.end - area.start,
      align: PAGE_BYTES,
    });
    offset += fileBytes;
  });
  return { bytes, totalBytes: offset };
}
