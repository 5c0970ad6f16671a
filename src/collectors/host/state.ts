import type { Tick } from "../collector.ts";

/** One file that is read at every tick. */
export interface Source {
  /** What its raw copies are called: `first-KEY.txt`, `last-KEY.txt`. */
  readonly key: string;
  readonly path: string;
}

/** Everything that was read at one tick, by the keys of the sources. */
export interface HostState {
  readonly name: "first" | "last";
  readonly tick: Tick;
  readonly texts: ReadonlyMap<string, string>;
  /** The errno of what could not be read. */
  readonly errors: ReadonlyMap<string, string>;
}
