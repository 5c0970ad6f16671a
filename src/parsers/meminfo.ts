// /proc/meminfo (proc(5)): `Key:   number kB` lines; the kernel's kB are 1024 bytes. Lines without a unit (HugePages_Total)
// count pages of a size that they do not tell.

/** The bytes of each key that is told in kB. */
export function parseMeminfo(text: string): ReadonlyMap<string, number> {
  const bytes = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, key, kilobytes] = /^([^\s:]+):\s*(\d{1,12}) kB$/.exec(line) ?? [];
    if (key !== undefined) bytes.set(key, Number(kilobytes) * 1024);
  }
  return bytes;
}
