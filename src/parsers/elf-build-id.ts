// The GNU build id of an ELF file (elf(5), NT_GNU_BUILD_ID): what a core file needs to be matched with its executable.
// Linkers put the note near the front, so the first 64 KiB usually hold it.

const PT_NOTE = 4;
const NT_GNU_BUILD_ID = 3;
const MAX_PROGRAM_HEADERS = 256;

/** Hexadecimal digits of the build id; undefined when these bytes hold none. Offsets are the file's own and bounded. */
export function parseElfBuildId(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 64 || view.getUint32(0) !== 0x7f454c46) return undefined;
  const is64 = view.getUint8(4) === 2;
  const little = view.getUint8(5) === 1;
  const word = (at: number) => (is64 ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little));
  const table = word(is64 ? 0x20 : 0x1c);
  const entryBytes = view.getUint16(is64 ? 0x36 : 0x2a, little);
  const count = Math.min(view.getUint16(is64 ? 0x38 : 0x2c, little), MAX_PROGRAM_HEADERS);
  const needed = is64 ? 56 : 32;
  if (entryBytes < needed) return undefined;
  for (let index = 0; index < count; index++) {
    const at = table + index * entryBytes;
    if (at + needed > bytes.length) return undefined;
    if (view.getUint32(at, little) !== PT_NOTE) continue;
    const start = word(at + (is64 ? 8 : 4));
    const end = start + word(at + (is64 ? 32 : 16));
    const align = word(at + (is64 ? 48 : 28)) === 8 ? 8 : 4;
    const found = findBuildId(bytes, { start, end: Math.min(end, bytes.length), align, little });
    if (found !== undefined) return found;
  }
  return undefined;
}

interface NoteSegment {
  readonly start: number;
  readonly end: number;
  readonly align: number;
  readonly little: boolean;
}

function findBuildId(bytes: Uint8Array, { start, end, align, little }: NoteSegment): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const padded = (length: number) => Math.ceil(length / align) * align;
  for (let at = start; at + 12 <= end;) {
    const nameBytes = view.getUint32(at, little);
    const valueBytes = view.getUint32(at + 4, little);
    const valueAt = at + padded(12 + nameBytes);
    if (valueAt + valueBytes > end) return undefined;
    const name = Buffer.from(bytes.subarray(at + 12, at + 12 + nameBytes)).toString("latin1");
    if (view.getUint32(at + 8, little) === NT_GNU_BUILD_ID && name === "GNU\0" && valueBytes > 0)
      return Buffer.from(bytes.subarray(valueAt, valueAt + valueBytes)).toString("hex");
    at = valueAt + padded(valueBytes);
  }
  return undefined;
}
