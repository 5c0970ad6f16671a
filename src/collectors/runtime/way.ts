// A way into one runtime: begun with the window, looked at each second, ended with files and readings.
import type { Reading } from "../collector.ts";

export interface Observation {
  /** Each second of the window. */
  readonly drain: () => Promise<void>;
  /** The target is gone: there is nothing to wait for. */
  readonly isOver?: () => boolean;
  /** The last look: files and readings. `hint` is what the threads alone tell, for who knows no better. */
  readonly end: (hint: string) => Promise<readonly Reading[]>;
}

export type Entered = Observation | { readonly unsupported: string };
