// Where notes would be posted, for --dry-run: nothing is posted.
import type { NotePlaces } from "../capture/post-notes.ts";
import { NoteError } from "../errors.ts";
import type { Note } from "../incident/note.ts";
import { openRecord } from "../incident/open-record.ts";
import { NO_RECORD } from "../upload/waiting.ts";

export interface PlannedNote {
  readonly incident: string;
  /** The kind of record; `none` when the settings have none for it, and `where` says so. */
  readonly record: string;
  readonly where: string;
  /** With a note: the requests that would post it, secrets masked. */
  readonly requests?: string[];
}

/** One for each incident. Throws SettingsError. */
export function planNotes(incidents: readonly string[], places: NotePlaces, note?: Note): PlannedNote[] {
  return incidents.map((incident) => {
    try {
      const { type, location, plan } = openRecord(places.settings, incident, places.folder);
      const requests = note && plan ? { requests: [...plan(note, incident)] } : {};
      return { incident, record: type, where: location, ...requests };
    } catch (error) {
      if (!(error instanceof NoteError)) throw error;
      return { incident, record: NO_RECORD, where: error.message };
    }
  });
}
