// A live Node process as a collector sees it: from inside, by its inspector, and by what V8 wrote in its memory.

/** A worker thread of a Node process. */
export interface Worker {
  /** Node's own number of it, which is not the kernel's. */
  readonly id: string;
  /** Its name, where it was given one. */
  readonly title: string;
  readonly file: string | undefined;
}

/**
 * A live Node process, looked at from inside until the collector ends. What these give was made in the target: JSON text of
 * a stranger, or undefined when what was put in is no longer there. They throw when it gives no answer, and a LostError when
 * it has ended.
 */
export interface Inspection {
  /** `20.20.2`, by its own word. */
  readonly version: string;
  readonly signalToListenMs: number;
  /** How long the injection held its main thread. */
  readonly injectMs: number | undefined;
  /** What was seen since the last call. */
  readonly drain: () => Promise<unknown>;
  /** Where its main thread is, also when that does not come back to its event loop. */
  readonly stack: () => Promise<unknown>;
  /** Its diagnostic report, without the names of its peers; it waits for every worker thread. */
  readonly report: () => Promise<unknown>;
  /** The final numbers; the observers are out then. */
  readonly stop: () => Promise<unknown>;
  /** Its worker threads, which are not observed. */
  readonly workers: () => Promise<readonly Worker[]>;
  /** Where the inspector is to be closed in between: nothing can be asked from `leave` until `comeBack`. */
  readonly away?: { readonly leave: () => Promise<void>; readonly comeBack: () => Promise<void> } | undefined;
  readonly profile: { readonly start: () => Promise<void>; readonly stop: () => Promise<unknown> };
  readonly heap: {
    readonly usedBytes: () => Promise<number>;
    /**
     * Writes a heap snapshot piece by piece, and gives for how many ms the main thread stood still; throws when it is not whole.
     * It cannot be called off: the signal ends our waiting alone.
     */
    readonly snapshot: (write: (text: string) => Promise<void>, signal: AbortSignal) => Promise<number>;
  };
}

/** `refused`: it was left alone. `silentMs`: asked, and for so long its main thread did not answer. */
export type InspectAnswer =
  | { readonly inspection: Inspection }
  | { readonly refused: string }
  | { readonly silentMs: number };

/** Lines that V8 itself wrote, not seen before. */
export interface TracedLines {
  readonly lines: readonly {
    readonly text: string;
    /** When it was seen, some milliseconds after it was written. */
    readonly seenUnixMs: number;
  }[];
  /** How often lines may have come and gone between two looks. */
  readonly breaks: number;
  /** Why there can be none. */
  readonly unknown: string | undefined;
}

/** V8's own lines about the garbage collections of a Node process, read out of its memory: nothing is done to it. */
export interface TraceWatch {
  /** What came since the last call. */
  readonly take: () => TracedLines;
  /** Ends the looks; may be called twice. */
  readonly end: () => void;
}
