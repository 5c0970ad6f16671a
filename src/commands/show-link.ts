// exhibit show REF [FILE] --link TIME: an address that opens one file without credentials, and when it ends.
import { ZIP_FILE } from "../bundle/layout.ts";
import { UsageError } from "../errors.ts";
import { printable } from "../printable.ts";
import { unknownFile } from "../upload/plan-fetch.ts";
import { LONGEST_LINK_SECONDS } from "../upload/s3-share.ts";
import { mustBeManifest, readStoredManifest, type StoredRef } from "../upload/stored-bundle.ts";
import { parseDurationMs } from "../units.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import type { ShowLinkResult } from "./results/bundles.ts";

/** Whole seconds of `--link`. Throws UsageError. */
export function linkSeconds(text: string): number {
  const seconds = Math.floor((parseDurationMs(text) ?? 0) / 1000);
  if (seconds >= 1 && seconds <= LONGEST_LINK_SECONDS) return seconds;
  throw new UsageError(`--link ${printable(text)}: not a time of 1s to 168h (7 days)`, {
    hint: "such as 1h; what stays is the address that exhibit show prints",
  });
}

export async function showLink(
  { warn }: Pick<CommandContext<unknown>, "warn">,
  ref: StoredRef,
  { file, seconds }: { readonly file: string | undefined; readonly seconds: number },
): Promise<CommandResult> {
  const { store, prefix, captureId } = ref;
  const name = file ?? ZIP_FILE;
  // A signature says nothing of whether the file is there.
  const { manifest } = mustBeManifest(ref, await readStoredManifest(ref));
  const paths = manifest.files.map(({ path }) => path);
  if (!paths.includes(name)) throw unknownFile(name, paths);
  const key = `${prefix}/${name}`;
  const base = { captureId: manifest.captureId, file: name };
  if (store.share === undefined) {
    warn(`exhibit: ${store.name} is a directory: there is no such link; this is the path`);
    const json: ShowLinkResult = { ...base, link: store.url(key), temporaryCredentials: false };
    return { exitCode: 0, text: `${json.link}\n`, json };
  }
  const saveAs = `${captureId}-${name.replaceAll("/", "-")}`;
  const { url, expiresAt, temporary } = await store.share(key, { seconds, name: saveAs });
  warn(`exhibit: whoever has this link can read ${name} ${until(expiresAt, temporary)}`);
  const json: ShowLinkResult = {
    ...base,
    link: url,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    temporaryCredentials: temporary,
  };
  return { exitCode: 0, text: `${url}\n`, json };
}

function until(expiresAt: string | undefined, temporary: boolean): string {
  if (expiresAt === undefined)
    return "until the temporary credentials of this host end: when that is, is not known";
  return temporary
    ? `until ${expiresAt}, when the temporary credentials end or before`
    : `until ${expiresAt}`;
}
