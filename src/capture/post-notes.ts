// The link on the incident record: the note of a sealed bundle, posted once to the record of each incident and completed
// when more is known. What fails waits for `push` or `note`.
import type { Receipt } from "../bundle/manifest.ts";
import { messageOf, NoteError } from "../errors.ts";
import { buildNote } from "../incident/build-note.ts";
import type { Note } from "../incident/note.ts";
import { openRecord } from "../incident/open-record.ts";
import type { IncidentSettings } from "../settings.ts";
import { fetchCommand, stableLink } from "../upload/link.ts";
import { readReceipt, updateReceipt } from "../upload/receipt.ts";
import { NO_RECORD } from "../upload/waiting.ts";
import { readOutcome, type SealedBundle } from "./sealed-bundle.ts";

export interface Noted {
  readonly incident: string;
  readonly state: "posted" | "updated" | "present" | "waiting" | "failed";
  readonly where?: string;
  readonly reason?: string;
}

/** Where notes go, and the address by which they name a bundle. */
export interface NotePlaces {
  readonly settings: readonly IncidentSettings[];
  /** Of the `file` record. */
  readonly folder: string;
  /** `https://evidence.example.net/b/{id}`: a stable address in place of the store's. */
  readonly linkBase: string | null;
}

/** The note of a bundle as things stand now. */
export async function noteOf(
  bundle: SealedBundle,
  { linkBase, running }: Pick<NotePlaces, "linkBase"> & { readonly running?: { readonly startedAt: string } },
): Promise<Note> {
  const { captureId } = bundle.manifest;
  const receipt = await readReceipt(bundle.spool, captureId);
  const upload = receipt?.uploads[0];
  const outcome = await readOutcome(bundle);
  return buildNote({
    manifest: bundle.manifest,
    url: (upload && stableLink(linkBase, captureId)) ?? upload?.url ?? bundle.path,
    manifestSha256: bundle.manifestSha256,
    uploaded: upload !== undefined,
    ...(upload?.found?.retention?.until === undefined ? {} : { keptUntil: upload.found.retention.until }),
    ...(upload === undefined ? {} : { fetch: fetchCommand(upload.url, captureId) }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(running === undefined ? {} : { running }),
  });
}

/** Posts the note to the record of each incident and writes the receipt. Never rejects: what could not be posted waits. */
export async function postNotes(
  bundle: SealedBundle,
  places: NotePlaces,
  options: { readonly incidents?: readonly string[]; readonly running?: { readonly startedAt: string } } = {},
): Promise<readonly Noted[]> {
  const { linkBase } = places;
  const note = await noteOf(bundle, { linkBase, ...(options.running ? { running: options.running } : {}) });
  const done: Noted[] = [];
  for (const incident of options.incidents ?? bundle.manifest.incidents)
    done.push(await postOne(bundle, note, { incident, places }));
  return done;
}

async function postOne(
  bundle: SealedBundle,
  note: Note,
  to: { readonly incident: string; readonly places: NotePlaces },
): Promise<Noted> {
  const { incident } = to;
  const remember = (entry: Omit<Receipt["notes"][number], "incident" | "withOutcome" | "postedAt">) =>
    updateReceipt(bundle.spool, bundle.manifest.captureId, (receipt) => ({
      ...receipt,
      notes: [
        ...receipt.notes.filter((one) => one.incident !== incident),
        {
          incident,
          withOutcome: note.outcome !== undefined && note.outcome.state !== "running",
          postedAt: new Date().toISOString(),
          ...entry,
        },
      ],
    }));
  let type = NO_RECORD;
  try {
    const record = openRecord(to.places.settings, incident, to.places.folder);
    type = record.type;
    const posted = await record.post(note, incident);
    await remember({ record: type, where: posted.where, state: "posted" });
    return { incident, state: posted.state, where: posted.where };
  } catch (error) {
    const state = error instanceof NoteError && !error.retryable ? "failed" : "waiting";
    const hint = error instanceof NoteError && error.hint !== undefined ? `; ${error.hint}` : "";
    const reason = `${messageOf(error)}${hint}`;
    await remember({ record: type, where: "", state, reason });
    return { incident, state, reason };
  }
}
