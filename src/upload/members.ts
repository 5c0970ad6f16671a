// The files of a sealed bundle in the order they are sent: what tells most for its bytes first, the manifest last, as
// its presence says that everything is there.
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { digestFile } from "../bundle/digests.ts";
import {
  CAPTURE_FILE,
  MANIFEST_FILE,
  NOTE_FILE,
  OUTCOME_FILE,
  REPORT_FILE,
  SIGNATURE_FILE,
  SUMS_FILE,
  ZIP_FILE,
} from "../bundle/layout.ts";
import type { FileRecord, Manifest } from "../bundle/manifest.ts";
import { errnoOf } from "../errors.ts";
import { bundlePrefix } from "./keys.ts";
import type { Member } from "./store.ts";
import { UnsendableError } from "./unsendable.ts";

/** What goes up in one request. */
const SMALL_BYTES = 16 * 1024 ** 2;
const FOR_PEOPLE = [REPORT_FILE, NOTE_FILE];
const LATE = new Set([
  CAPTURE_FILE,
  ...FOR_PEOPLE,
  SUMS_FILE,
  ZIP_FILE,
  SIGNATURE_FILE,
  MANIFEST_FILE,
  OUTCOME_FILE,
]);

/** Where a bundle goes, from its manifest. */
export function prefixOf(manifest: Pick<Manifest, "incidents" | "host" | "captureId">): string {
  return bundlePrefix({
    incident: manifest.incidents[0],
    host: manifest.host.hostname,
    captureId: manifest.captureId,
  });
}

/** Steps of paths: those of one step may be sent side by side, a step begins when the one before is done. */
export function sendOrder(files: readonly FileRecord[]): readonly (readonly string[])[] {
  const evidence = files
    .filter(({ path }) => !LATE.has(path))
    .toSorted((one, other) => one.bytes - other.bytes);
  const small = evidence.filter(({ bytes }) => bytes <= SMALL_BYTES);
  const big = evidence.filter(({ bytes }) => bytes > SMALL_BYTES);
  const listed = new Set(files.map(({ path }) => path));
  // A bundle that was sealed without one of these is still sent.
  const ifListed = (paths: readonly string[]) => paths.filter((path) => listed.has(path));
  return [
    [CAPTURE_FILE],
    small.map(({ path }) => path),
    big.map(({ path }) => path),
    ifListed(FOR_PEOPLE),
    ifListed([SUMS_FILE]),
    ifListed([ZIP_FILE]),
  ].filter((step) => step.length > 0);
}

/** One file as the manifest lists it; throws UnsendableError when it is not on the disk in that size. */
export async function listedMember(
  bundle: { readonly path: string; readonly manifest: Manifest },
  file: FileRecord,
): Promise<Member> {
  const path = join(bundle.path, file.path);
  const stats = await lstat(path).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT")
      throw new UnsendableError(`${path}: is in the manifest but not on the disk`, { cause: error });
    throw error;
  });
  if (!stats.isFile()) throw new UnsendableError(`${path}: not a regular file`);
  if (stats.size !== file.bytes)
    throw new UnsendableError(`${path}: has ${stats.size} bytes, was sealed with ${file.bytes}`, {
      hint: "it changed after it was sealed; exhibit verify names every such file",
    });
  return {
    ...memberOf(bundle, file.path),
    bytes: file.bytes,
    sha256: file.sha256,
    mediaType: file.mediaType,
    sensitivity: file.sensitivity,
  };
}

/** One file that no manifest lists, as it is on the disk; undefined when there is none. */
export async function unlistedMember(
  bundle: { readonly path: string; readonly manifest: Manifest },
  name: string,
): Promise<Member | undefined> {
  try {
    return { ...memberOf(bundle, name), ...(await digestFile(join(bundle.path, name))) };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function memberOf(
  bundle: { readonly path: string; readonly manifest: Manifest },
  path: string,
): Omit<Member, "bytes" | "sha256"> {
  return {
    key: `${prefixOf(bundle.manifest)}/${path}`,
    path: join(bundle.path, path),
    mediaType: path.endsWith(".json") ? "application/json" : "text/plain",
    sensitivity: "text",
    // All but what is told later, and again when more is known.
    exclusive: path !== OUTCOME_FILE,
  };
}
