// exhibit ls: bundles on this host, and what of them is still to be sent; with --store, what a store holds.
import prettyBytes from "pretty-bytes";
import { subjectOf } from "../bundle/subject.ts";
import { printable } from "../printable.ts";
import type { LoadedSettings } from "../settings-files.ts";
import { bundlePrefix } from "../upload/keys.ts";
import { openStore } from "../upload/open-store.ts";
import { listSpool, type SpoolEntry } from "../upload/spool.ts";
import { waitingOf } from "../upload/waiting.ts";
import { openDestination, recover, storeName } from "./destination.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { readSettings } from "./read-settings.ts";
import type { LsResult, LsStoreResult } from "./results/bundles.ts";
import { layColumns } from "./style.ts";

interface LsOptions {
  readonly incident: string | undefined;
  readonly store: string | true | undefined;
}

type Bundle = LsResult["bundles"][number];

export async function run(context: CommandContext<LsOptions>): Promise<CommandResult> {
  const { incident, store } = context.options;
  const loaded = await readSettings(context);
  if (store !== undefined) return listStored(context, store === true ? undefined : store, loaded);

  const recovered = await recover(loaded, await openDestination({ to: undefined, noUpload: false }, loaded));
  const reasons = new Map(recovered.map(({ captureId, reason }) => [captureId, reason]));
  const spool = loaded.settings.spool.path;
  const bundles = (await listSpool(spool))
    .filter(({ capture }) => incident === undefined || capture?.incidents.includes(incident))
    .map((entry) => summaryOf(entry, reasons.get(entry.captureId)));
  if (bundles.length === 0) context.say(`exhibit: no bundles ${ofIncident(incident)}in ${spool}`);
  for (const { captureId, reason } of bundles)
    if (reason !== undefined) context.warn(`exhibit: ${printable(captureId)}: ${printable(reason, 300)}`);
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

const ofIncident = (incident: string | undefined) =>
  incident === undefined ? "" : `of ${printable(incident)} `;

/** With --quiet only the first column; nothing at all for no rows. */
function tableOf(
  { global }: Pick<CommandContext<unknown>, "global">,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  if (rows.length === 0) return "";
  const lines = global.quiet ? rows.map(([id = ""]) => id) : layColumns([head, ...rows]);
  return `${lines.join("\n")}\n`;
}

function toSend({ upload, note }: Bundle): string {
  const waiting = [upload === "waiting" ? "upload" : "", note === "waiting" ? "note" : ""].filter(Boolean);
  return waiting.join(", ") || "-";
}

/** What is known of an entry; `reason` is why it could not be sealed just now. */
function summaryOf(entry: SpoolEntry, reason: string | undefined): Bundle {
  const { capture, manifest, receipt } = entry;
  const target = capture && subjectOf(capture);
  const url = receipt?.uploads[0]?.url;
  const why = entry.state === "damaged" ? entry.reason : reason;
  return {
    captureId: entry.captureId,
    state: stateOf(entry, manifest?.state),
    ...(why === undefined ? {} : { reason: why }),
    incidents: capture?.incidents ?? [],
    ...(target === undefined ? {} : { target }),
    ...(capture === undefined ? {} : { startedAt: capture.startedAt }),
    path: entry.path,
    sizeBytes: entry.bytes,
    ...waitingOf(entry),
    ...(url === undefined ? {} : { url }),
  };
}

/** How the capture ended; one that could not be sealed is not called interrupted, as a sealed one may be that. */
function stateOf({ state }: SpoolEntry, sealedAs: Bundle["state"] | undefined): Bundle["state"] {
  if (state === "interrupted") return "unsealed";
  return state === "sealed" ? (sealedAs ?? "damaged") : state;
}

/** An id tells the second alone: of those of one second the first to be stored comes first. */
function oldestFirst({ captureId, storedAt }: LsStoreResult["bundles"][number]): string {
  return `${captureId.slice(0, 16)} ${storedAt} ${captureId}`;
}

async function listStored(
  context: CommandContext<LsOptions>,
  asked: string | undefined,
  loaded: LoadedSettings,
): Promise<CommandResult> {
  const name = storeName({ to: asked }, loaded);
  const chosen = loaded.settings.store[name];
  if (!chosen) return { exitCode: 2 };
  const store = await openStore(name, chosen);
  const { incident } = context.options;
  // Host and id do not matter: only what comes before them.
  const prefix =
    incident === undefined
      ? "v1/"
      : bundlePrefix({ incident, host: "h", captureId: "c" }).replace(/h\/c$/, "");
  const json: LsStoreResult = { store: name, bundles: [] };
  for (const { key, modifiedAt } of await store.list(prefix)) {
    const [, segment = "", host = "", captureId = "", file = "", ...below] = key.split("/");
    // The manifest is the last to arrive: without it a bundle is not complete.
    if (file !== "manifest.json" || below.length > 0) continue;
    json.bundles.push({
      captureId,
      ...(segment === "none" ? {} : { incident: segment }),
      host,
      storedAt: modifiedAt,
      url: store.url(key.replace(/\/manifest\.json$/, "")),
    });
  }
  json.bundles.sort((one, other) => (oldestFirst(one) < oldestFirst(other) ? -1 : 1));
  if (json.bundles.length === 0)
    context.say(`exhibit: no bundles ${ofIncident(incident)}in ${printable(store.location, 300)}`);
  const rows = json.bundles.map((bundle) =>
    [bundle.captureId, bundle.incident ?? "-", bundle.url].map((cell) => printable(cell, 300)),
  );
  return { exitCode: 0, text: tableOf(context, ["ID", "INCIDENT", "WHERE"], rows), json };
}
