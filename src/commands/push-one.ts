// One bundle of `exhibit push`, and how it is told.
import { postNotes } from "../capture/post-notes.ts";
import { uploadBundle } from "../capture/upload-bundle.ts";
import { printable } from "../printable.ts";
import type { LoadedSettings } from "../settings-files.ts";
import type { SpoolEntry } from "../upload/spool.ts";
import { openDestination } from "./destination.ts";
import type { CommandContext } from "./command.ts";
import type { UploadResult } from "./results/captures.ts";
import type { PushResult } from "./results/bundles.ts";
import { openSealed, whyUnsealed } from "./spool-entry.ts";

export interface PushOptions {
  readonly to: string | undefined;
  readonly noNote: boolean;
  readonly wait: string | undefined;
}

export type Pushed = PushResult["pushed"][number];

/** Sends one bundle as far as it is asked for; what could not be sent waits, with the reason. */
export async function pushOne(
  entry: SpoolEntry,
  loaded: LoadedSettings,
  { options, positionals }: Pick<CommandContext<PushOptions>, "options" | "positionals">,
): Promise<Pushed> {
  const { captureId, manifest } = entry;
  if (!manifest)
    return { captureId, upload: { state: "waiting", reason: `it ${whyUnsealed(entry)}` }, notes: [] };
  const bundle = await openSealed(entry);
  // The store it was meant for may have another name by now, or none.
  const name = options.to ?? manifest.store;
  const known = name === undefined || loaded.settings.store[name] !== undefined;
  const destination = await openDestination({ to: known ? name : undefined, noUpload: false }, loaded);
  // --no-upload holds until the bundle, or a store, is named.
  const isAsked = name !== undefined || positionals.length > 0;
  const upload = async (): Promise<UploadResult> => {
    if (!isAsked || !destination.store) return { state: "not-asked" };
    if (known) return uploadBundle(bundle, destination.store);
    return { state: "waiting", reason: `the settings have no store ${name} any more; name one: --to NAME` };
  };
  const uploaded = await upload();
  const isNoted = !options.noNote && manifest.noNote !== true;
  const notes = isNoted
    ? await postNotes(bundle, destination.records, { heedWaits: positionals.length === 0 })
    : [];
  return { captureId, upload: uploaded, notes: [...notes] };
}

const UPLOADS = {
  uploaded: "uploaded",
  present: "already there",
  waiting: "the upload waits",
  "not-asked": "no upload was asked for",
} as const;

/** What became of it, for a person. */
export function describePushed({ captureId, upload, notes }: Pushed): string {
  const where = upload.url === undefined ? "" : `  ${printable(upload.url, 300)}`;
  const why = upload.reason === undefined ? "" : `: ${printable(upload.reason, 300)}`;
  return [
    `exhibit: ${captureId}: ${UPLOADS[upload.state]}${why}${where}`,
    ...notes.map((note) => `  note on ${describeNote(note)}`),
  ].join("\n");
}

/** `INC-4211: posted  /var/lib/exhibit/incidents/INC-4211.md`. */
export function describeNote({ incident, state, where, reason }: Pushed["notes"][number]): string {
  const told = state === "present" ? "already there" : state;
  const why = reason === undefined ? "" : `: ${printable(reason, 300)}`;
  const place = where === undefined || where === "" ? "" : `  ${printable(where, 300)}`;
  return `${printable(incident)}: ${told}${why}${place}`;
}
