// Where bundles and notes go, as flags and settings say.
import { dirname, join } from "node:path";
import type { CaptureFile } from "../bundle/manifest.ts";
import type { NotePlaces } from "../capture/post-notes.ts";
import { recoverSpool, type Recovery } from "../capture/recover.ts";
import type { SealingSettings } from "../capture/seal.ts";
import { bundleUrl } from "../capture/upload-bundle.ts";
import { UsageError } from "../errors.ts";
import type { LoadedSettings } from "../settings-files.ts";
import { openStore } from "../upload/open-store.ts";
import type { Store } from "../upload/store.ts";
import type { CaptureOptions } from "./capture-options.ts";

export interface Destination {
  readonly store: Store | undefined;
  readonly records: NotePlaces;
  readonly sealing: SealingSettings;
}

/** The store that `--to` names, else `default`; throws UsageError when the settings have none of this name. */
export function storeName(options: Pick<CaptureOptions, "to">, { settings }: LoadedSettings): string {
  const name = options.to ?? "default";
  if (settings.store[name]) return name;
  throw new UsageError(`no store is called ${name}`, {
    hint: `the settings name: ${Object.keys(settings.store).join(", ")}`,
  });
}

/** Whoever asks for what lies in the spool waits so long for a core that is completed without its capture. */
const PATIENCE_MS = 5000;

/** Seals what a killed run left, as every command does that looks at the spool. */
export async function recover(
  loaded: LoadedSettings,
  { store, sealing }: Destination,
  { patienceMs = PATIENCE_MS } = {},
): Promise<readonly Recovery[]> {
  const spool = loaded.settings.spool.path;
  const urlOf = (capture: CaptureFile) =>
    store?.name === capture.store && store ? bundleUrl(store, capture) : join(spool, capture.captureId);
  return recoverSpool(spool, urlOf, { ...sealing, patienceMs });
}

export async function openDestination(
  options: Pick<CaptureOptions, "to" | "noUpload">,
  loaded: LoadedSettings,
): Promise<Destination> {
  const { settings } = loaded;
  const name = storeName(options, loaded);
  const chosen = settings.store[name];
  // Notes of the default `file` record lie beside the directory store, else beside the spool.
  const beside = chosen?.type === "directory" ? dirname(chosen.path) : dirname(settings.spool.path);
  const records = {
    settings: settings.incidents,
    folder: join(beside, "incidents"),
    linkBase: settings.link.base,
  };
  const store = options.noUpload || !chosen ? undefined : await openStore(name, chosen);
  return {
    store,
    records,
    sealing: { encrypt: settings.encrypt, sign: settings.sign, services: settings.services },
  };
}
