// The line that V8 makes of each garbage collection: what --trace-gc prints, and what its heap keeps the last 512 bytes of
// (Heap::AddToRingBuffer). `[4711:0x3a470000]  2847 ms: Mark-Compact 41.4 (60.9) -> 22.7 (54.5) MB, pooled: 48 MB, 5.38 / 0.00 ms
// (+ 12.3 ms in 45 steps since start of marking, biggest step 3.0 ms, walltime since start of marking 81 ms) (average mu = ...`
// (GCTracer::Print; "pooled" since V8 12, "Mark-sweep" until V8 10, `Scavenge` and `Minor Mark-Sweep` are of the young generation).

export interface TracedCollection {
  /** Since its isolate began: the end of the pause. */
  readonly atMs: number;
  /** In V8's words: `Scavenge`, `Mark-Compact`, `Incremental Mark-Compact (reduce)`. */
  readonly name: string;
  /** Of the whole heap. */
  readonly isMajor: boolean;
  readonly pauseMs: number;
  /** Marking before the pause, on the same thread, a little at a time; 0 where V8 told of none. */
  readonly stepsMs: number;
}

const LINE =
  /^\[\d+:0x[0-9a-f]+\] +(\d+) ms: ([A-Z][A-Za-z ()-]{2,60}?) [\d.]+ \([\d.]+\) -> [\d.]+ \([\d.]+\) MB, (?:pooled: [\d.]+ MB, )?([\d.]+) \/ [\d.]+ ms/;
const STEPS = /\(\+ ([\d.]+) ms in \d+ steps since start of marking/;

/** One line, without its line break; undefined when it is none. */
export function parseTracedCollection(line: string): TracedCollection | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, atMs, name = "", pauseMs] = match;
  return {
    atMs: Number(atMs),
    name,
    isMajor: /Mark-(?:sweep|Compact)/i.test(name) && !name.startsWith("Minor"),
    pauseMs: Number(pauseMs),
    stepsMs: Number(STEPS.exec(line)?.[1] ?? 0),
  };
}
