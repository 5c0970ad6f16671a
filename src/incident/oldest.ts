// From when on a record is looked through for a note: busy tickets have thousands of entries.
import type { Note } from "./note.ts";

/** Clocks of hosts and sites differ. */
const LEEWAY_MS = 3_600_000;

/** Milliseconds since 1970: no note of a bundle is older than its capture. 0 when that is not known. */
export function oldestOf({ startedAt }: Note): number {
  const began = Date.parse(startedAt);
  return Number.isNaN(began) ? 0 : Math.max(0, began - LEEWAY_MS);
}

/** Whether entries before this moment may be of the bundle, where the newest come first; what is not known may. */
export function mayGoOn(note: Note, createdAt: string | undefined): boolean {
  const created = Date.parse(createdAt ?? "");
  return Number.isNaN(created) || created >= oldestOf(note);
}
