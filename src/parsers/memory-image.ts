// Whether a file holds a process's memory, by its first bytes and its name: such a file is never in the zip, and cannot be
// masked.

/** How much of a file decides. */
export const HEAD_BYTES = 64;

const ET_CORE = 4;
/** What a V8 heap snapshot begins with, and a heap dump of a JVM (HPROF). */
const BEGINNINGS = ['{"snapshot":{"meta":', "JAVA PROFILE 1."];
const NAMES = /\.(?:heapsnapshot|hprof)$/i;
/** A core that came packed: `core.24113.gz`, and as systemd-coredump(8) names it. */
const PACKED_CORE =
  /^(?:core|vmcore)[._-].*\.(?:zst|gz|xz|lz4|bz2)$|\.(?:core|heapsnapshot|hprof)\.(?:zst|gz|xz|lz4|bz2)$/i;

/** An ELF file of type ET_CORE, 32 or 64 bits, of either byte order (elf(5): EI_DATA is byte 5, e_type bytes 16 and 17). */
function isElfCore(head: Buffer): boolean {
  if (head.length < 18 || head.readUInt32BE(0) !== 0x7f454c46) return false;
  return (head[5] === 2 ? head.readUInt16BE(16) : head.readUInt16LE(16)) === ET_CORE;
}

/** `name` is the base name; `head` the first bytes, at most HEAD_BYTES of them. */
export function isMemoryImage(name: string, head: Buffer): boolean {
  const text = head.toString("latin1");
  return (
    isElfCore(head) ||
    NAMES.test(name) ||
    PACKED_CORE.test(name) ||
    BEGINNINGS.some((beginning) => text.startsWith(beginning))
  );
}
