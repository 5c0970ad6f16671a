// exhibit ls: bundles on this host, and what of them is still to be sent; with --store, what a store holds.
import prettyBytes from "pretty-bytes";
import { bundlePaths } from "../bundle/layout.ts";
import { subjectOf } from "../bundle/subject.ts";
import { printable } from "../printable.ts";
import { describeConfirmation } from "../upload/confirmation.ts";
import { listQuarantine } from "../upload/quarantine.ts";
import { listSpool, type SpoolEntry } from "../upload/spool.ts";
import { failuresIn, readUploadJournal } from "../upload/upload-journal.ts";
import { waitingOf } from "../upload/waiting.ts";
import { openDestination, recover } from "./destination.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { readSettings } from "./read-settings.ts";
import { ofWhat, tableOf, type LsOptions } from "./ls-table.ts";
import type { LsResult } from "./results/bundles.ts";
import { readTimeBounds, type TimeBounds } from "./time-bounds.ts";

type Bundle = LsResult["bundles"][number];

export async function run(context: CommandContext<LsOptions>): Promise<CommandResult> {
  const bounds = readTimeBounds(context.options, Date.now());
  const loaded = await readSettings(context);
  if (context.options.store !== undefined)
    return (await import("./ls-store.ts")).listStore(context, loaded, bounds);

  const recovered = await recover(loaded, await openDestination({ to: undefined, noUpload: false }, loaded));
  const reasons = new Map(recovered.map(({ captureId, reason }) => [captureId, reason]));
  const spool = loaded.settings.spool.path;
  const entries = (await listSpool(spool)).filter((entry) => isMeant(entry, context.options, bounds));
  const bundles = entries.map((entry) => summaryOf(entry, reasons.get(entry.captureId)));
  for (const bundle of bundles)
    if (bundle.upload === "waiting") Object.assign(bundle, await lastFailure(spool, bundle));
  bundles.push(...(await listQuarantine(spool)).map(quarantined));
  if (bundles.length === 0) context.say(`exhibit: no bundles ${ofWhat(context.options)}in ${spool}`);
  for (const { captureId, reason } of bundles)
    if (reason !== undefined) context.warn(`exhibit: ${printable(captureId)}: ${printable(reason, 300)}`);
  for (const { captureId, uploadReason } of bundles)
    if (uploadReason !== undefined)
      context.say(`exhibit: ${captureId}: the upload waits: ${printable(uploadReason, 400)}`);
  if (context.global.verbose)
    for (const { captureId, receipt } of entries)
      for (const upload of receipt?.uploads ?? [])
        context.say(
          `exhibit: ${printable(captureId)}: ${printable(upload.store)}: ${describeConfirmation(upload) ?? `${upload.files} files`}`,
        );
  const json: LsResult = { bundles };
  const head = ["ID", "STATE", "SIZE", "TO SEND", "INCIDENT"];
  const rows = bundles.map((bundle) => [
    printable(bundle.captureId),
    bundle.state,
    prettyBytes(bundle.sizeBytes, { binary: true }),
    toSend(bundle),
    printable(bundle.incidents.join(" "), 40),
  ]);
  return { exitCode: 0, text: tableOf(context, head, rows), json };
}

/** Of a bundle of which nothing can be read, only its name tells; it is shown unless something else is asked for. */
function isMeant(
  { capture }: SpoolEntry,
  { incident, host }: LsOptions,
  { since, until }: TimeBounds,
): boolean {
  if (incident !== undefined && !capture?.incidents.includes(incident)) return false;
  const name = capture?.host.hostname;
  if (host !== undefined && name !== host && name?.split(".")[0] !== host) return false;
  // To the second, as in a store.
  const startedAt = capture === undefined ? undefined : Math.floor(Date.parse(capture.startedAt) / 1000);
  if (since !== undefined && (startedAt === undefined || startedAt < Math.floor(since / 1000))) return false;
  return until === undefined || (startedAt !== undefined && startedAt <= Math.floor(until / 1000));
}

function toSend({ upload, note }: Bundle): string {
  const waiting = [upload === "waiting" ? "upload" : "", note === "waiting" ? "note" : ""].filter(Boolean);
  return waiting.join(", ") || "-";
}

/** What is known of an entry; `reason` is why it could not be sealed just now. */
function summaryOf(entry: SpoolEntry, reason: string | undefined): Bundle {
  const { capture, manifest, receipt } = entry;
  const target = capture && subjectOf(capture);
  const { url, found } = receipt?.uploads[0] ?? {};
  const why = entry.state === "damaged" ? entry.reason : reason;
  return {
    captureId: entry.captureId,
    state: stateOf(entry, manifest?.state),
    ...(why === undefined ? {} : { reason: why }),
    incidents: capture?.incidents ?? [],
    ...(capture?.job === undefined ? {} : { job: capture.job }),
    ...(target === undefined ? {} : { target }),
    ...(capture === undefined ? {} : { startedAt: capture.startedAt }),
    path: entry.path,
    sizeBytes: entry.bytes,
    ...waitingOf(entry),
    ...(url === undefined ? {} : { url }),
    ...(found === undefined ? {} : { found }),
  };
}

/** What was put aside is never sent by itself. */
function quarantined(entry: SpoolEntry): Bundle {
  const { captureId, path, bytes, reason = "it was damaged when it was put aside" } = entry;
  const where = `${reason}; it was put aside: ${path}`;
  return { captureId, state: "quarantined", reason: where, incidents: [], path, sizeBytes: bytes };
}

/** Why an upload waits, as the journal has it; nothing when it was not tried yet. */
async function lastFailure(spool: string, { captureId }: Bundle): Promise<Pick<Bundle, "uploadReason">> {
  const last = failuresIn(await readUploadJournal(bundlePaths(spool, captureId).upload)).at(-1);
  return last === undefined ? {} : { uploadReason: last.reason };
}

/** How the capture ended; one that could not be sealed is not called interrupted, as a sealed one may be that. */
function stateOf({ state }: SpoolEntry, sealedAs: Bundle["state"] | undefined): Bundle["state"] {
  if (state === "interrupted") return "unsealed";
  return state === "sealed" ? (sealedAs ?? "damaged") : state;
}
