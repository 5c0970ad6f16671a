// exhibit show: what is in a bundle: readings, the timeline of its collectors, files, and what is missing and why; or one
// file of it, or a link to one.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { digestBytes } from "../bundle/digests.ts";
import { MANIFEST_FILE } from "../bundle/layout.ts";
import { readOutcome } from "../capture/sealed-bundle.ts";
import { UsageError } from "../errors.ts";
import type { LoadedSettings } from "../settings-files.ts";
import { fetchCommand, stableLink } from "../upload/link.ts";
import type { SpoolEntry } from "../upload/spool.ts";
import {
  mustBeManifest,
  readStoredManifest,
  readStoredOutcome,
  type StoredRef,
} from "../upload/stored-bundle.ts";
import { findBundle, findInStores, type StoreFlag } from "./bundle-ref.ts";
import { coreCommands } from "./core-commands.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { readSettings } from "./read-settings.ts";
import type { ShowResult } from "./results/bundles.ts";
import { showFile } from "./show-file.ts";
import { linkSeconds, showLink } from "./show-link.ts";
import { renderBundle } from "./show-page.ts";
import { manifestOf } from "./spool-entry.ts";
import { styleOf } from "./style.ts";

interface ShowOptions {
  readonly store: StoreFlag;
  readonly link: string | undefined;
}

export async function run(context: CommandContext<ShowOptions>): Promise<CommandResult> {
  const [asked, file] = context.positionals;
  if (asked === undefined) throw new UsageError("which bundle? exhibit ls lists them");
  const { store, link } = context.options;
  const seconds = link === undefined ? undefined : linkSeconds(link);
  const loaded = await readSettings(context);
  const found = await findBundle(asked, loaded, store);
  if (seconds !== undefined) {
    const ref =
      found.kind === "stored" ? found.ref : await findInStores(found.entry.captureId, loaded, store);
    return showLink(context, ref, { file, seconds });
  }
  if (file !== undefined) return showFile(context, found, file);
  const json =
    found.kind === "local"
      ? await describeLocal(found.entry, loaded)
      : await describeStored(found.ref, loaded);
  const { terminal, global } = context;
  const lines = renderBundle(json, {
    style: styleOf(terminal),
    columns: Math.max(40, terminal.columns),
    verbose: global.verbose,
  });
  return { exitCode: 0, text: `${lines.join("\n")}\n`, json };
}

async function describeLocal(entry: SpoolEntry, loaded: LoadedSettings): Promise<ShowResult> {
  const manifest = manifestOf(entry);
  const { path, receipt } = entry;
  const outcome = await readOutcome(entry);
  const [upload] = receipt?.uploads ?? [];
  return {
    captureId: manifest.captureId,
    path,
    ...(upload === undefined ? {} : addresses(upload.url, manifest.captureId, loaded)),
    manifestSha256: digestBytes(await readFile(join(path, MANIFEST_FILE))).sha256,
    manifest,
    ...(receipt === undefined ? {} : { receipt }),
    ...(outcome === undefined ? {} : { outcome }),
    openCore: [...(await coreCommands(path, manifest))],
  };
}

/** One request; a second one only where a mitigation was to follow, for what became of it. */
async function describeStored(ref: StoredRef, loaded: LoadedSettings): Promise<ShowResult> {
  const { manifest, sha256 } = mustBeManifest(ref, await readStoredManifest(ref));
  const outcome = manifest.mitigation && (await readStoredOutcome(ref));
  const url = ref.store.url(ref.prefix);
  const told = addresses(url, manifest.captureId, loaded);
  const hasCore = manifest.files.some(({ sensitivity }) => sensitivity === "core");
  return {
    captureId: manifest.captureId,
    store: ref.store.name,
    url,
    ...told,
    manifestSha256: sha256,
    manifest,
    ...(outcome === undefined ? {} : { outcome }),
    openCore: hasCore && told.fetch !== undefined ? [`${told.fetch} --core`] : [],
  };
}

function addresses(
  url: string,
  captureId: string,
  { settings }: LoadedSettings,
): Pick<ShowResult, "link" | "fetch"> {
  const link = stableLink(settings.link.base, captureId);
  return { ...(link === undefined ? {} : { link }), fetch: fetchCommand(url, captureId) };
}
