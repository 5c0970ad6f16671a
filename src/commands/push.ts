// exhibit push: sends what is waiting: first the upload, then the note. Safe to repeat.
import { postNotes } from "../capture/post-notes.ts";
import { uploadBundle } from "../capture/upload-bundle.ts";
import { printable } from "../printable.ts";
import type { LoadedSettings } from "../settings-files.ts";
import { evictUploaded } from "../upload/evict.ts";
import { listSpool, type SpoolEntry } from "../upload/spool.ts";
import { waitingOf } from "../upload/waiting.ts";
import { openDestination, recover, storeName } from "./destination.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { readSettings } from "./read-settings.ts";
import type { UploadResult } from "./results/captures.ts";
import type { PushResult } from "./results/bundles.ts";
import { findEntry, mustBeInSpool, openSealed, whyUnsealed } from "./spool-entry.ts";

interface PushOptions {
  readonly to: string | undefined;
  readonly noNote: boolean;
}

type Pushed = PushResult["pushed"][number];

export async function run(context: CommandContext<PushOptions>): Promise<CommandResult> {
  const loaded = await readSettings(context);
  const spool = loaded.settings.spool.path;
  storeName(context.options, loaded);
  for (const { captureId, state, reason } of await recover(
    loaded,
    await openDestination({ to: undefined, noUpload: false }, loaded),
  ))
    context.say(
      `exhibit: ${captureId}: ${state === "sealed" ? "was interrupted; sealed now" : `cannot be sealed: ${reason}`}`,
    );
  const json: PushResult = { pushed: [] };
  for (const entry of await chosen(context.positionals, spool)) {
    const one = await pushOne(entry, loaded, context);
    json.pushed.push(one);
    context.say(describe(one));
  }
  if (json.pushed.length === 0) context.say("exhibit: nothing is waiting");
  const { keepAfterUpload, maxSize } = loaded.settings.spool;
  await evictUploaded({ spool, keepMs: keepAfterUpload, maxBytes: maxSize });
  return { exitCode: exitCodeOf(json.pushed), json };
}

/** Those that were named; else all that are sealed and wait. */
async function chosen(asked: readonly string[], spool: string): Promise<readonly SpoolEntry[]> {
  if (asked.length === 0)
    return (await listSpool(spool)).filter((entry) => {
      const waiting = waitingOf(entry);
      return entry.state === "sealed" && (waiting?.upload === "waiting" || waiting?.note === "waiting");
    });
  const entries = await Promise.all(asked.map((id) => findEntry(spool, id)));
  for (const entry of entries) mustBeInSpool(entry, spool);
  return entries;
}

async function pushOne(
  entry: SpoolEntry,
  loaded: LoadedSettings,
  { options, positionals }: CommandContext<PushOptions>,
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

/** The upload before the note, as with several captures. */
function exitCodeOf(pushed: readonly Pushed[]): number {
  if (pushed.some(({ upload }) => upload.state === "waiting")) return 4;
  const isOpen = ({ state }: Pushed["notes"][number]) => state === "waiting" || state === "failed";
  return pushed.some(({ notes }) => notes.some(isOpen)) ? 5 : 0;
}

const UPLOADS = {
  uploaded: "uploaded",
  present: "already there",
  waiting: "the upload waits",
  "not-asked": "no upload was asked for",
} as const;

function describe({ captureId, upload, notes }: Pushed): string {
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
