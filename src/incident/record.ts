// What an incident record is: where the link goes (a file, a webhook; later a ticket, a page, a channel).
// Adding one: this type, one file beside it, its line in open-record.ts. What must stay true: exactly one note a
// bundle and record, whatever happens (the bundle id is in every note and is the idempotency key); nothing a stranger
// wrote gets through a renderer unescaped.
import type { Note } from "./note.ts";

export interface Posted {
  /** `present`: a note with this bundle id (and the same outcome) was there already. */
  readonly state: "posted" | "updated" | "present";
  /** Where a person finds it: a path, a URL. */
  readonly where: string;
}

export interface IncidentRecord {
  readonly type: "file" | "webhook";
  /** Where notes go, for a person. */
  readonly location: string;
  /** Puts the note, or completes the one that is there. Throws NoteError. */
  readonly post: (note: Note, incident: string, signal?: AbortSignal) => Promise<Posted>;
}
