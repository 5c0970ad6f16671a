// A bundle whose evidence is to be read again, wherever it is: a folder, the spool, or a store.
import { evidenceOf } from "../capture/evidence-folder.ts";
import type { ReadableBundle } from "../capture/compare-with-earlier.ts";
import type { LoadedSettings } from "../settings-files.ts";
import { isMemberPath, mustBeManifest, readStoredManifest } from "../upload/stored-bundle.ts";
import { findBundle } from "./bundle-ref.ts";
import { manifestOf } from "./spool-entry.ts";

/** The largest tables are cut at half of it when they are taken. */
const FILE_LIMIT_BYTES = 32 * 1024 ** 2;

/** Throws UsageError when there is none, ExhibitError when it is not sealed. */
export async function findReadable(asked: string, loaded: LoadedSettings): Promise<ReadableBundle> {
  const found = await findBundle(asked, loaded, undefined);
  if (found.kind === "local")
    return { manifest: manifestOf(found.entry), read: evidenceOf(found.entry.path) };
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
