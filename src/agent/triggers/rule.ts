// What every kind of rule is: it says when something is so, never what is done about it.
import type { DeepLook, ProcessLook } from "../recorder/watched.ts";

/** What a rule found, for people: `RSS 4.2 GB, above 4 GB for 2 min 0 s`. Never a line of a log: it may hold secrets. */
export interface Finding {
  readonly text: string;
}

/** Judges the recorder's looks at one process. */
export interface LookRule {
  /**
   * At every look at which it is so, what is so; false when it is not; undefined when a look of this kind does not say.
   * `upMs`: milliseconds since boot.
   */
  readonly judge: (look: ProcessLook | DeepLook, upMs: number) => Finding | false | undefined;
}

/** Watches something that the recorder does not see. */
export interface EventRule {
  /** Until the signal is aborted; never rejects. */
  readonly watch: (tell: EventListener, signal: AbortSignal) => Promise<void>;
}

export interface EventListener {
  readonly found: (finding: Finding) => void;
  /** Why it sees nothing at the moment; undefined when it sees again. */
  readonly blind: (reason: string | undefined) => void;
}
