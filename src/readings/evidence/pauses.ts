// Each garbage collection of a Node process, as the runtime collector told them one by one.

/** One pause of the main thread. */
export interface CollectionPause {
  readonly startedUnixMs: number;
  readonly durationMs: number;
}

/** By a pattern, not as documents: there may be a hundred thousand. */
const PAUSE = /"time_unix_ms":(\d{1,16}(?:\.\d+)?),[^\n]*?"duration_ms":(\d{1,12}(?:\.\d+)?)/g;

/** Of gc.jsonl; read when they are asked for. */
export function pausesIn(text: string): () => readonly CollectionPause[] {
  return () =>
    [...text.matchAll(PAUSE)].map(([, started, duration]) => ({
      startedUnixMs: Number(started),
      durationMs: Number(duration),
    }));
}
