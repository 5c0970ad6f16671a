// Go's net/http/pprof as text (debug=1). A goroutine profile begins `goroutine profile: total N`, then has a record for each
// different stack: `COUNT @ ADDRESS...`, and its frames, `#\tADDRESS\tFUNCTION+OFFSET\tFILE:LINE`, the innermost first
// (runtime/pprof, printCountProfile). A heap profile ends with runtime.MemStats as `# NAME = VALUE`.

export interface GoroutineStack {
  readonly count: number;
  /** Functions without their offsets, the innermost first. */
  readonly functions: readonly string[];
  /** The `COUNT @` line, untouched. */
  readonly line: string;
}

export interface GoroutineProfile {
  readonly total: number;
  /** As in the profile: the most common first. */
  readonly stacks: readonly GoroutineStack[];
}

/** Undefined when the text is no goroutine profile: whatever answered, it was not pprof. */
export function parseGoroutines(text: string): GoroutineProfile | undefined {
  const total = /^goroutine profile: total (\d{1,12})\n/.exec(text)?.[1];
  if (total === undefined) return undefined;
  const stacks: { count: number; functions: string[]; line: string }[] = [];
  for (const line of text.split("\n")) {
    const count = /^(\d{1,12}) @/.exec(line)?.[1];
    if (count !== undefined) stacks.push({ count: Number(count), functions: [], line });
    const name = /^#\t0x[0-9a-f]+\t(\S+?)(?:\+0x[0-9a-f]+)?\t/.exec(line)?.[1];
    if (name !== undefined) stacks.at(-1)?.functions.push(name);
  }
  return { total: Number(total), stacks };
}

export interface GoMemory {
  /** Collections since it began. */
  readonly collections: number;
  /** Stop-the-world pauses, a ring: that of collection n is at (n + size - 1) % size. */
  readonly pausesNs: readonly number[];
  readonly heapInUseBytes: number | undefined;
  /** The `NumGC` line, untouched. */
  readonly line: string;
}

/** Undefined when the text does not end with the memory's numbers: it was cut, or is something else. */
export function parseGoMemory(text: string): GoMemory | undefined {
  const [line, collections] = /^# NumGC = (\d{1,12})$/m.exec(text) ?? [];
  const pauses = /^# PauseNs = \[([\d ]+)\]$/m.exec(text)?.[1];
  if (line === undefined || collections === undefined || pauses === undefined) return undefined;
  const heap = /^# HeapInuse = (\d{1,15})$/m.exec(text)?.[1];
  return {
    collections: Number(collections),
    pausesNs: pauses.trim().split(/ +/).map(Number),
    heapInUseBytes: heap === undefined ? undefined : Number(heap),
    line,
  };
}

/** The pauses of the collections between two looks; undefined when there were more than the ring holds, or fewer than before. */
export function pausesBetween(first: GoMemory, last: GoMemory): readonly number[] | undefined {
  const size = last.pausesNs.length;
  const count = last.collections - first.collections;
  if (count < 0 || count > size) return undefined;
  return Array.from({ length: count }, (_, index) => last.pausesNs[(first.collections + index) % size] ?? 0);
}
