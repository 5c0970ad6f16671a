// One bundle in a store: its manifest in one request, its files by name. What must stay true: a manifest is a stranger's
// text until it is checked, and no name in it leads out of the bundle.
import { isMemberName, MANIFEST_FILE, OUTCOME_FILE } from "../bundle/layout.ts";
import { Outcome } from "../bundle/after-seal.ts";
import type { FileRecord, Manifest } from "../bundle/manifest.ts";
import { parseManifest, type Fault } from "../bundle/verify.ts";
import { ExhibitError } from "../errors.ts";
import { printable } from "../printable.ts";
import type { Store, StoredObject } from "./store.ts";

/** Where one bundle is. */
export interface StoredRef {
  readonly store: Store;
  /** `v1/{incident or "none"}/{host}/{captureId}` */
  readonly prefix: string;
  readonly captureId: string;
}

export interface StoredManifest {
  readonly manifest: Manifest;
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** A manifest of the largest capture we can imagine has a tenth of it. */
const MANIFEST_LIMIT_BYTES = 32 * 1024 ** 2;
const OUTCOME_LIMIT_BYTES = 1024 ** 2;

/** The manifest, in one request; a fault when it is none of this bundle, undefined when there is none. */
export async function readStoredManifest({
  store,
  prefix,
  captureId,
}: StoredRef): Promise<StoredManifest | { readonly fault: Fault } | undefined> {
  const bytes = await store.get(`${prefix}/${MANIFEST_FILE}`, MANIFEST_LIMIT_BYTES);
  if (bytes === undefined) return undefined;
  const parsed = parseManifest(bytes);
  if ("fault" in parsed) return parsed;
  const { manifest, manifestSha256 } = parsed;
  const detail =
    manifest.captureId === captureId
      ? hostileName(manifest.files)
      : `is that of another bundle, ${printable(manifest.captureId)}`;
  if (detail === undefined) return { manifest, bytes, sha256: manifestSha256 };
  return { fault: { path: MANIFEST_FILE, fault: "not-a-manifest", detail } };
}

/** The manifest that was read; throws ExhibitError when there is none that can be used. */
export function mustBeManifest(
  ref: StoredRef,
  found: Awaited<ReturnType<typeof readStoredManifest>>,
): StoredManifest {
  const where = printable(ref.store.url(ref.prefix), 300);
  if (found === undefined)
    throw new ExhibitError(
      `${where}: there is no manifest.json: it was interrupted, or not all of it was sent yet`,
      {
        hint: `exhibit fetch ${where} brings what there is`,
      },
    );
  if (!("fault" in found)) return found;
  throw new ExhibitError(`${where}/${MANIFEST_FILE}: ${found.fault.detail}`, {
    hint: "it was not written by exhibit as it is now; compare its sha256 with that on the incident record",
  });
}

/** What became of the mitigation; undefined when it is not told, or not understood: it is no part of what was sealed. */
export async function readStoredOutcome({
  store,
  prefix,
  captureId,
}: StoredRef): Promise<Outcome | undefined> {
  const bytes = await store.get(`${prefix}/${OUTCOME_FILE}`, OUTCOME_LIMIT_BYTES);
  if (bytes === undefined) return undefined;
  try {
    const outcome = Outcome.safeParse(JSON.parse(bytes.toString("utf8")));
    return outcome.success && outcome.data.captureId === captureId ? outcome.data : undefined;
  } catch {
    return undefined;
  }
}

/** Every object of a bundle by its path in it. */
export async function listStoredFiles({
  store,
  prefix,
}: StoredRef): Promise<ReadonlyMap<string, StoredObject>> {
  const below = `${prefix}/`;
  const found = new Map<string, StoredObject>();
  for (let after = "", isLast = false; !isLast;) {
    const page = await store.listPage(below, after);
    for (const object of page.objects) found.set(object.key.slice(below.length), object);
    after = page.objects.at(-1)?.key ?? "";
    isLast = page.isLast;
  }
  return found;
}

/** Whether a path may be made on this host: names of ours, at most ten deep. */
export function isMemberPath(path: string): boolean {
  const names = path.split("/");
  return names.length <= 10 && names.every(isMemberName);
}

/** What is wrong with the names in a manifest: a path that is not ours, one that is there twice, a file that is a folder. */
function hostileName(files: readonly FileRecord[]): string | undefined {
  const paths = new Set<string>();
  for (const { path } of files) {
    if (!isMemberPath(path)) return `names a file that no bundle has: ${printable(path)}`;
    if (paths.has(path) || path === MANIFEST_FILE) return `names ${path} twice`;
    paths.add(path);
  }
  const folder = files.find(({ path }) =>
    path.split("/").some((_, index, names) => index > 0 && paths.has(names.slice(0, index).join("/"))),
  );
  return folder && `names a file below a file: ${folder.path}`;
}
