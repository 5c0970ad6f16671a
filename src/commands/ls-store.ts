// exhibit ls --store: what bundles a store holds, those without a manifest too.
import prettyBytes from "pretty-bytes";
import { printable } from "../printable.ts";
import type { LoadedSettings } from "../settings-files.ts";
import { openStore } from "../upload/open-store.ts";
import { listBundles, type BundleFilter, type StoredBundle } from "../upload/stored-bundles.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { storeName } from "./destination.ts";
import { ofWhat, tableOf, type LsOptions } from "./ls-table.ts";
import type { LsStoreResult } from "./results/bundles.ts";
import { idTime, instantOfId, type TimeBounds } from "./time-bounds.ts";

type Bundle = LsStoreResult["bundles"][number];

/** Of `name`, else the default store. Throws UsageError, UploadError. */
export async function listStore(
  context: CommandContext<LsOptions>,
  loaded: LoadedSettings,
  bounds: TimeBounds,
): Promise<CommandResult> {
  const { store: asked } = context.options;
  const name = storeName({ to: asked === true ? undefined : asked }, loaded);
  const chosen = loaded.settings.store[name];
  if (!chosen) return { exitCode: 2 };
  const store = await openStore(name, chosen);
  const json: LsStoreResult = { store: name, bundles: [] };
  for await (const bundle of listBundles(store, filterOf(context.options, bounds)))
    json.bundles.push(describe(bundle, store.url(bundle.prefix)));
  json.bundles.sort((one, other) => (oldestFirst(one) < oldestFirst(other) ? -1 : 1));
  if (json.bundles.length === 0)
    context.say(`exhibit: no bundles ${ofWhat(context.options)}in ${printable(store.location, 300)}`);
  const interrupted = json.bundles.filter(({ state }) => state === "interrupted").length;
  if (interrupted > 0)
    context.say(
      `exhibit: ${interrupted} without manifest.json: the capture or the upload ended early, or still goes on`,
    );
  const rows = json.bundles.map((bundle) =>
    [
      bundle.captureId,
      bundle.state,
      prettyBytes(bundle.sizeBytes, { binary: true }),
      bundle.incident ?? "-",
      bundle.url,
    ].map((cell) => printable(cell, 300)),
  );
  return { exitCode: 0, text: tableOf(context, ["ID", "STATE", "SIZE", "INCIDENT", "WHERE"], rows), json };
}

function filterOf({ incident, host }: LsOptions, { since, until }: TimeBounds): BundleFilter {
  return {
    ...(incident === undefined ? {} : { incident }),
    ...(host === undefined ? {} : { host }),
    ...(since === undefined ? {} : { from: idTime(since) }),
    ...(until === undefined ? {} : { to: idTime(until) }),
  };
}

function describe(bundle: StoredBundle, url: string): Bundle {
  const { captureId, incident, host, storedAt, files, bytes, hasManifest } = bundle;
  return {
    captureId,
    ...(incident === undefined ? {} : { incident }),
    host,
    // The manifest is the last to arrive: without it a bundle is not complete.
    state: hasManifest ? "sealed" : "interrupted",
    startedAt: instantOfId(captureId),
    storedAt,
    files,
    sizeBytes: bytes,
    url,
  };
}

/** An id tells the second alone: of those of one second the first to be stored comes first. */
function oldestFirst({ captureId, storedAt }: Bundle): string {
  return `${captureId.slice(0, 16)} ${storedAt} ${captureId}`;
}
