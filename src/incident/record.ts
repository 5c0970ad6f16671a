// What an incident record is: where the link goes (a file, a ticket, a page, a channel, a webhook).
// Adding one: the facts of its system (system.ts), one file in systems/, its line in open-record.ts. What must stay true:
// exactly one note a bundle and record, whatever happens (the bundle id is in every note and is the idempotency key);
// nothing a stranger wrote gets through a renderer unescaped.
import type { IncidentSettings } from "../settings-incidents.ts";
import type { Note } from "./note.ts";

export interface Posted {
  /** `present`: a note with this bundle id that tells as much was there already. */
  readonly state: "posted" | "updated" | "present";
  /** Where a person finds it: a path, a URL. */
  readonly where: string;
}

export interface PostOptions {
  readonly signal?: AbortSignal;
  /** Write it anew over the note that is there, also when that one tells as much. */
  readonly supersede?: boolean;
  /** When an earlier try was sent that nobody answered. */
  readonly sentAt?: string;
  /** The stage of the note that was posted before, for records that cannot be read. */
  readonly told?: number;
  /** Called and waited for before anything is sent that must not be sent twice. */
  readonly onSend?: () => Promise<void>;
}

/** A file to attach, below the site's limit. */
export interface Attachment {
  /** What people see; holds the bundle's id. */
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface IncidentRecord {
  readonly type: IncidentSettings["type"];
  /** Where notes go, for a person. */
  readonly location: string;
  /** A note that is there can be written anew, as often as there is more to tell. */
  readonly edits: boolean;
  /** Puts the note, or completes the one that is there. Throws NoteError. */
  readonly post: (note: Note, incident: string, options?: PostOptions) => Promise<Posted>;
  /** Whether the record is there and may be written; what a person should know besides. Throws NoteError. */
  readonly preflight?: (signal: AbortSignal) => Promise<string | undefined>;
  /** The requests of a post, secrets masked, in order. */
  readonly plan?: (note: Note, incident: string) => readonly string[];
  /** Attaches a file once. Throws NoteError. */
  readonly attach?: (note: Note, file: Attachment, signal?: AbortSignal) => Promise<Posted>;
}
