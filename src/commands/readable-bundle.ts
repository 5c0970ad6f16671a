// A bundle whose evidence is to be read again, wherever it is: a folder, the spool, or a store.
import type { Outcome } from "../bundle/after-seal.ts";
import { evidenceOf } from "../capture/evidence-folder.ts";
import type { ReadableBundle } from "../capture/compare-with-earlier.ts";
import type { LoadedSettings } from "../settings-files.ts";
import { isMemberPath, mustBeManifest, readStoredManifest } from "../upload/stored-bundle.ts";
import { findBundle } from "./bundle-ref.ts";
import { manifestOf } from "./spool-entry.ts";

/** The largest tables are cut at half of it when they are taken. */
const FILE_LIMIT_BYTES = 32 * 1024 ** 2;

/** As it was found, with what the mitigation did where that is known on this host. */
export type FoundReadable = ReadableBundle & { readonly outcome?: Outcome };

/** Throws UsageError when there is none, ExhibitError when it is not sealed. */
export async function findReadable(asked: string, loaded: LoadedSettings): Promise<FoundReadable> {
  const found = await findBundle(asked, loaded, undefined);
  if (found.kind === "local") {
    const { outcome, path } = found.entry;
    const local = { manifest: manifestOf(found.entry), read: evidenceOf(path) };
    return outcome === undefined ? local : { ...local, outcome };
  }
  const { ref } = found;
  const { manifest } = mustBeManifest(ref, await readStoredManifest(ref));
  const paths = new Set(manifest.files.map(({ path }) => path));
  return {
    manifest,
    read: async (path) =>
      paths.has(path) && isMemberPath(path)
        ? ref.store.get(`${ref.prefix}/${path}`, FILE_LIMIT_BYTES).catch(() => undefined)
        : undefined,
  };
}
