// A symbol table of an ELF file (elf(5), Elf64_Sym): entries of 24 bytes, each naming an offset in a table of texts.

const ENTRY_BYTES = 24;

/** Address of the first defined symbol whose name begins with `prefix` and matches `name`; undefined when there is none. */
export function findSymbol(
  table: Buffer,
  texts: Buffer,
  wanted: { readonly prefix: string; readonly name: RegExp },
): { readonly name: string; readonly address: number } | undefined {
  // The names are looked for first: a search in the texts is fast, the entries are hundreds of thousands.
  const names = new Map<number, string>();
  for (let at = texts.indexOf(wanted.prefix); at >= 0; at = texts.indexOf(wanted.prefix, at + 1)) {
    if (at > 0 && texts[at - 1] !== 0) continue;
    const end = texts.indexOf(0, at);
    const name = texts.toString("latin1", at, Math.min(end < 0 ? texts.length : end, at + 300));
    if (wanted.name.test(name)) names.set(at, name);
  }
  if (names.size === 0) return undefined;
  for (let at = 0; at + ENTRY_BYTES <= table.length; at += ENTRY_BYTES) {
    const name = names.get(table.readUInt32LE(at));
    // Section 0 means that it is defined elsewhere.
    if (name === undefined || table.readUInt16LE(at + 6) === 0) continue;
    const address = Number(table.readBigUInt64LE(at + 8));
    if (Number.isSafeInteger(address)) return { name, address };
  }
  return undefined;
}
