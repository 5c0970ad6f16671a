// The link on the incident record: the note of a sealed bundle, posted once to the record of each incident and completed
// when more is known. What fails waits for `push` or `note`.
import { createHash } from "node:crypto";
import type { Receipt } from "../bundle/after-seal.ts";
import { BusyRecordError, LostAnswerError, messageOf, NoteError } from "../errors.ts";
import { buildNote } from "../incident/build-note.ts";
import { stageOf, type Note } from "../incident/note.ts";
import { openRecord } from "../incident/open-record.ts";
import { withRecordLock } from "../incident/record-lock.ts";
import { openDeadline } from "../host/deadline.ts";
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

/** How notes are posted. */
export interface Posting {
  /** In place of the incidents of the capture. */
  readonly incidents?: readonly string[];
  readonly running?: { readonly startedAt: string };
  /** Write them anew over those that are there. */
  readonly supersede?: boolean;
  /** Whoever waits for us waits no longer for a record than this; then the note waits. */
  readonly withinMs?: number;
  /** Leave a record alone as long as it asked for. */
  readonly heedWaits?: boolean;
}

/** Posts the note to the record of each incident and writes the receipt. Never rejects: what could not be posted waits. */
export async function postNotes(
  bundle: SealedBundle,
  places: NotePlaces,
  options: Posting = {},
): Promise<readonly Noted[]> {
  const { linkBase } = places;
  const note = await noteOf(bundle, { linkBase, ...(options.running ? { running: options.running } : {}) });
  // Side by side: one record that does not answer holds up no other.
  return Promise.all(
    (options.incidents ?? bundle.manifest.incidents).map((incident) =>
      postInTurn(bundle, note, { incident, places, options }),
    ),
  );
}

type NoteEntry = Receipt["notes"][number];

interface To {
  readonly incident: string;
  readonly places: NotePlaces;
  readonly options: Posting;
}

/** Two processes that post the note of one bundle would both find none and post two. */
async function postInTurn(bundle: SealedBundle, note: Note, to: To): Promise<Noted> {
  const { incident } = to;
  // A few locks for all bundles: the folder of locks stays small. No hyphen: recover.ts clears `PID-START` locks there.
  const name = `note_${createHash("sha256").update(`${note.captureId} ${incident}`).digest("hex").slice(0, 2)}`;
  try {
    return await withRecordLock(bundle.spool, name, () => postOne(bundle, note, to));
  } catch (error) {
    return { incident, state: "waiting", reason: messageOf(error) };
  }
}

async function postOne(bundle: SealedBundle, note: Note, to: To): Promise<Noted> {
  const { incident, options } = to;
  const { captureId } = bundle.manifest;
  const before = (await readReceipt(bundle.spool, captureId))?.notes.find((one) => one.incident === incident);
  if (options.heedWaits && before?.retryAt !== undefined && Date.parse(before.retryAt) > Date.now())
    return { incident, state: "waiting", reason: `${before.reason}; not before ${before.retryAt}` };
  const remember = (entry: Omit<NoteEntry, "incident" | "withOutcome" | "postedAt">) =>
    updateReceipt(bundle.spool, captureId, (receipt) => ({
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
  const deadline = openDeadline(options.withinMs ?? Number.POSITIVE_INFINITY);
  const toldBefore = before?.stage === undefined ? {} : { stage: before.stage };
  let type = NO_RECORD;
  try {
    const record = openRecord(to.places.settings, incident, to.places.folder);
    type = record.type;
    const posted = await record.post(note, incident, {
      signal: deadline.signal,
      ...(options.supersede ? { supersede: true } : {}),
      ...(before?.sentAt === undefined ? {} : { sentAt: before.sentAt }),
      ...(before?.stage === undefined ? {} : { told: before.stage }),
      // Killed between sending and the answer, the next run knows that something was sent.
      onSend: async () => {
        const sentAt = new Date().toISOString();
        const reason = "it was being sent";
        await remember({
          record: type,
          where: record.location,
          state: "waiting",
          reason,
          sentAt,
          ...toldBefore,
        });
      },
    });
    const stage = Math.max(stageOf(note), before?.stage ?? 0);
    await remember({ record: type, where: posted.where, state: "posted", stage });
    return { incident, state: posted.state, where: posted.where };
  } catch (error) {
    const state = error instanceof NoteError && !error.retryable ? "failed" : "waiting";
    const hint = error instanceof NoteError && error.hint !== undefined ? `; ${error.hint}` : "";
    const reason = `${messageOf(error)}${hint}`;
    await remember({ record: type, where: "", state, reason, ...toldBefore, ...waitsOf(error) });
    return { incident, state, reason };
  } finally {
    deadline.close();
  }
}

/** What the next try must know. */
function waitsOf(error: unknown): Pick<NoteEntry, "retryAt" | "sentAt"> {
  if (error instanceof LostAnswerError) return { sentAt: error.sentAt };
  if (!(error instanceof BusyRecordError) || error.retryAfterMs === undefined) return {};
  return { retryAt: new Date(Date.now() + error.retryAfterMs).toISOString() };
}
