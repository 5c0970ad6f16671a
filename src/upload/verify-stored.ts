// Checks a bundle in a store against its manifest by reading every byte of it: every object there, none changed, none
// added. Names every fault, in the words in which a folder is checked (bundle/verify.ts).
import { createHash } from "node:crypto";
import pLimit from "p-limit";
import { BESIDE, checkOutcome, checkSums, type Fault, type Verification } from "../bundle/verify.ts";
import { MANIFEST_FILE, OUTCOME_FILE, SUMS_FILE } from "../bundle/layout.ts";
import type { FileRecord, Manifest } from "../bundle/manifest.ts";
import { printable } from "../printable.ts";
import { readPieces, StoredFault } from "./pieces.ts";
import { listStoredFiles, readStoredManifest, type StoredRef } from "./stored-bundle.ts";
import type { StoredObject } from "./store.ts";

const AT_ONCE = 3;
/** SHA256SUMS of the largest capture, and then some. */
const TEXT_LIMIT_BYTES = 8 * 1024 ** 2;

export interface Verifying {
  readonly signal?: AbortSignal;
  /** So many bytes more have been read. */
  readonly onBytes?: (bytes: number, totalBytes: number) => void;
}

/** Throws UploadError when the store does not answer; what it holds that is wrong are faults. */
export async function verifyStored(ref: StoredRef, options: Verifying = {}): Promise<Verification> {
  const read = await readStoredManifest(ref);
  const unreadable = { manifest: undefined, manifestSha256: undefined, files: 0 };
  if (read === undefined)
    return {
      faults: [
        {
          path: MANIFEST_FILE,
          fault: "missing",
          detail: "there is no manifest: it was interrupted, or not all of it was sent yet",
        },
      ],
      ...unreadable,
    };
  if ("fault" in read) return { faults: [read.fault], ...unreadable };
  const { manifest, sha256 } = read;
  const stored = await listStoredFiles(ref);
  const totalBytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  const told = (bytes: number) => options.onBytes?.(bytes, totalBytes);
  const limit = pLimit(AT_ONCE);
  const checked = await Promise.all(
    manifest.files.map((file) =>
      limit(() => checkObject(ref, file, { object: stored.get(file.path), told, signal: options.signal })),
    ),
  );
  return {
    faults: [...checked.flat(), ...added(stored, manifest), ...(await checkTexts(ref, manifest, stored))],
    manifest,
    manifestSha256: sha256,
    files: manifest.files.length,
  };
}

async function checkObject(
  { store }: StoredRef,
  { path, bytes, sha256 }: FileRecord,
  {
    object,
    told,
    signal,
  }: {
    readonly object: StoredObject | undefined;
    readonly told: (bytes: number) => void;
    readonly signal: AbortSignal | undefined;
  },
): Promise<readonly Fault[]> {
  if (object === undefined)
    return [{ path, fault: "missing", detail: "listed in the manifest, but not there" }];
  if (object.bytes !== bytes)
    return [{ path, fault: "changed", detail: `has ${object.bytes} bytes, not ${bytes}` }];
  try {
    const hash = createHash("sha256");
    for await (const piece of readPieces(store, object.key, { bytes, ...(signal ? { signal } : {}) })) {
      hash.update(piece);
      told(piece.length);
    }
    const found = hash.digest("hex");
    return found === sha256 ? [] : [{ path, fault: "changed", detail: `sha256 is ${found}, not ${sha256}` }];
  } catch (error) {
    if (error instanceof StoredFault) return [{ path, fault: error.fault, detail: error.message }];
    throw error;
  }
}

function added(stored: ReadonlyMap<string, StoredObject>, manifest: Manifest): readonly Fault[] {
  const known = new Set(manifest.files.map(({ path }) => path));
  return [...stored.keys()]
    .filter((path) => !known.has(path) && !BESIDE.has(path))
    .map((path) => ({ path: printable(path, 300), fault: "added", detail: "not in the manifest" }));
}

async function checkTexts(
  { store, prefix }: StoredRef,
  manifest: Manifest,
  stored: ReadonlyMap<string, StoredObject>,
): Promise<readonly Fault[]> {
  const textOf = async (path: string) => {
    const object = stored.get(path);
    return object && object.bytes <= TEXT_LIMIT_BYTES
      ? store.get(`${prefix}/${path}`, TEXT_LIMIT_BYTES)
      : undefined;
  };
  const sums = checkSums((await textOf(SUMS_FILE))?.toString("utf8") ?? "", manifest);
  const outcome = await textOf(OUTCOME_FILE);
  const told = outcome && checkOutcome(outcome, manifest);
  return [sums, told].filter((fault) => fault !== undefined);
}
