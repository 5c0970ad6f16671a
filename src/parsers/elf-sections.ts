// The section table of an ELF file (elf(5)), 64-bit little-endian: x86-64, arm64, riscv64, ppc64le. Anything else is
// not understood. All numbers come from a file of a stranger: whoever reads by them must bound what it reads.

export const ELF_HEADER_BYTES = 64;
const ENTRY_BYTES = 64;

export interface SectionTable {
  readonly offset: number;
  readonly count: number;
  /** Index of the section that holds the names. */
  readonly namesIndex: number;
}

export interface Section {
  readonly nameOffset: number;
  readonly type: number;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Occupies no bytes in the file. */
const SHT_NOBITS = 8;

/** Where the section table is; undefined when it is another kind of file or has none. */
export function parseElfHeader(header: Uint8Array): SectionTable | undefined {
  if (header.length < ELF_HEADER_BYTES) return undefined;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  // Magic, then ELFCLASS64 and ELFDATA2LSB.
  if (view.getUint32(0) !== 0x7f454c46 || view.getUint8(4) !== 2 || view.getUint8(5) !== 1) return undefined;
  const offset = Number(view.getBigUint64(0x28, true));
  const count = view.getUint16(0x3c, true);
  if (view.getUint16(0x3a, true) !== ENTRY_BYTES || offset === 0 || count === 0) return undefined;
  return { offset, count, namesIndex: view.getUint16(0x3e, true) };
}

/** The bytes that a table takes in the file. */
export function tableBytes(table: SectionTable): number {
  return table.count * ENTRY_BYTES;
}

/** The sections in their order; a table that is cut gives those that are whole. */
export function parseSections(bytes: Uint8Array): readonly Section[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sections: Section[] = [];
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    const type = view.getUint32(at + 4, true);
    sections.push({
      nameOffset: view.getUint32(at, true),
      type,
      offset: Number(view.getBigUint64(at + 24, true)),
      sizeBytes: type === SHT_NOBITS ? 0 : Number(view.getBigUint64(at + 32, true)),
    });
  }
  return sections;
}

/** The name at an offset of the section that holds them. */
export function sectionName(names: Uint8Array, offset: number): string {
  const end = names.indexOf(0, offset);
  return Buffer.from(names.subarray(offset, end < 0 ? offset : end)).toString("latin1");
}
