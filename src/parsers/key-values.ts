// `key value` lines with whole numbers: /proc/vmstat, and cpu.stat, memory.events, memory.oom_control of cgroups.

/** The number of each key; a line of any other shape, or a number too large to be exact, is left out. */
export function parseKeyValues(text: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, key, digits] = /^(\S+) (\d+)$/.exec(line) ?? [];
    const value = Number(digits);
    if (key !== undefined && Number.isSafeInteger(value)) values.set(key, value);
  }
  return values;
}
