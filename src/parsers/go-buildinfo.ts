// The section `.go.buildinfo` of a Go program: a magic of 14 bytes, pointer size, flags, and since Go 1.18 the version
// as a string with a varint length at byte 32 (debug/buildinfo of the Go library).

const MAGIC = Buffer.from("\xff Go buildinf:", "latin1");
const INLINE_STRINGS = 2;
const STRINGS_AT = 32;

/** `1.22.4`, without `go`; undefined for older programs, which keep it behind a pointer. */
export function parseGoVersion(section: Uint8Array): string | undefined {
  const bytes = Buffer.from(section.buffer, section.byteOffset, section.byteLength);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC) || ((bytes[15] ?? 0) & INLINE_STRINGS) === 0)
    return undefined;
  const length = bytes[STRINGS_AT] ?? 0;
  // A version is shorter than 128 bytes, so that its length is one byte of varint.
  if (length >= 0x80) return undefined;
  const text = bytes.toString("latin1", STRINGS_AT + 1, STRINGS_AT + 1 + length);
  return /^go(\d[\w.+-]*)/.exec(text)?.[1];
}
