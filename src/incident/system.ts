// A record system behind HTTP, as facts: which calls look, post, edit and link. `system-record.ts` is the one engine that
// carries them out; a system decides nothing.
import type { IncidentSettings } from "../settings-incidents.ts";
import type { Note } from "./note.ts";
import type { Attachment } from "./record.ts";
import type { Call, Site } from "./site.ts";

/** A comment, a note, a message: one entry of a record, whoever wrote it. */
export interface Entry {
  readonly id: string;
  /** As `whoami` names us; absent where the system does not tell. */
  readonly author?: string | undefined;
  /** Where the marker is looked for. */
  readonly text: string;
}

export interface Page {
  readonly entries: readonly Entry[];
  /** The next page, if there is one. */
  readonly next?: string | undefined;
}

export interface System {
  readonly type: IncidentSettings["type"];
  /** Where a person finds the record. */
  readonly where: string;
  readonly site: Site;
  /** Who we are there: then only our own entries count. */
  readonly whoami?: Call<string>;
  /** The record itself; the answer is what a person should know of it, such as that it is closed. */
  readonly look: Call<string | undefined>;
  /** Rights that we lack, if any. */
  readonly rights?: Call<string | undefined>;
  readonly list: (note: Note, page: string | undefined) => Call<Page>;
  /** A whole note, or a short second one where there is no `edit`. */
  readonly post: (note: Note, kind: "whole" | "second") => Call<unknown>;
  readonly edit?: (entry: Entry, note: Note) => Call<unknown>;
  /** A link by upsert, and whether it is there; undefined when the bundle has no address of the web. */
  readonly link?: (note: Note) => { readonly put: Call<unknown>; readonly check: Call<boolean> } | undefined;
  /** Where files can be attached: the names that are there, the limit in bytes, and how. */
  readonly files?: {
    readonly limit: Call<number>;
    readonly names: (note: Note) => Call<readonly string[]>;
    readonly add: (note: Note, file: Attachment) => Call<unknown>;
  };
}

/** What a reference stands for in a system: its settings, and what their pattern found in it. */
export interface Reference<Settings> {
  readonly settings: Settings;
  /** The group `id` of the pattern, else the whole reference. */
  readonly id: string;
  /** The group `project` of the pattern, else that of the settings. */
  readonly project: string | undefined;
}
