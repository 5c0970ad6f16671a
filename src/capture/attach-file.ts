// Attaching the report or the zip of a bundle to incident records that take files. What must stay true: nothing that may
// hold a core is ever attached.
import { open } from "node:fs/promises";
import { join } from "node:path";
import { digestBytes } from "../bundle/digests.ts";
import { REPORT_FILE, ZIP_FILE } from "../bundle/layout.ts";
import { messageOf, NoteError } from "../errors.ts";
import { readUpTo } from "../host/bounded-read.ts";
import type { Note } from "../incident/note.ts";
import { openRecord } from "../incident/open-record.ts";
import type { Attachment } from "../incident/record.ts";
import { markerId } from "../incident/wording.ts";
import type { Noted, NotePlaces } from "./post-notes.ts";
import type { SealedBundle } from "./sealed-bundle.ts";

/** No site takes more. */
const LARGEST_BYTES = 1024 ** 3;

const FILES = {
  report: { path: REPORT_FILE, suffix: "report.html", mediaType: "text/html" },
  zip: { path: ZIP_FILE, suffix: "bundle.zip", mediaType: "application/zip" },
} as const;

export type AttachedFile = keyof typeof FILES;

export function isAttachable(name: string): name is AttachedFile {
  return Object.hasOwn(FILES, name);
}

/** The file as it was sealed. Throws NoteError when it is not that file, or may hold more than it should. */
async function readAttachment(bundle: SealedBundle, what: AttachedFile): Promise<Attachment> {
  const { path, suffix, mediaType } = FILES[what];
  const refuse = (why: string) => new NoteError(`${path}: ${why}; it is not attached`, { retryable: false });
  const { files, captureId } = bundle.manifest;
  const sealed = files.find((file) => file.path === path);
  if (sealed === undefined) throw refuse("the bundle has none");
  if (
    sealed.sensitivity === "core" ||
    (what === "zip" && files.some((one) => one.inZip && one.sensitivity === "core"))
  )
    throw refuse("it may hold a core");
  if (sealed.bytes > LARGEST_BYTES) throw refuse(`it has ${sealed.bytes} bytes`);
  await using file = await open(join(bundle.path, path));
  const bytes = await readUpTo(file, sealed.bytes + 1);
  if (digestBytes(bytes).sha256 !== sealed.sha256) throw refuse("it is not what was sealed");
  return { name: `${markerId(captureId)}-${suffix}`, mediaType, bytes };
}

/** Attaches a file of the bundle to each record, once. Never rejects. */
export async function attachFile(
  bundle: SealedBundle,
  note: Note,
  to: { readonly what: AttachedFile; readonly incidents: readonly string[]; readonly places: NotePlaces },
): Promise<readonly Noted[]> {
  const { what, incidents, places } = to;
  const one = async (incident: string): Promise<Noted> => {
    try {
      const record = openRecord(places.settings, incident, places.folder);
      if (record.attach === undefined)
        throw new NoteError(`${record.type} takes no files from us`, {
          retryable: false,
          hint: "the note has the link to it",
        });
      const { state, where } = await record.attach(note, await readAttachment(bundle, what));
      return { incident, state, where };
    } catch (error) {
      const hint = error instanceof NoteError && error.hint !== undefined ? `; ${error.hint}` : "";
      return { incident, state: "failed", reason: `${messageOf(error)}${hint}` };
    }
  };
  return Promise.all(incidents.map(one));
}
