// Checks a bundle's folder against its manifest: every file there, none changed, none added. Names every fault.
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, messageOf } from "../errors.ts";
import { printable } from "../printable.ts";
import { digestBytes, digestFile } from "./digests.ts";
import { isMemberName, MANIFEST_FILE, OUTCOME_FILE, SIGNATURE_FILE, SUMS_FILE, ZIP_FILE } from "./layout.ts";
import { Outcome } from "./after-seal.ts";
import { Manifest } from "./manifest.ts";

export interface Fault {
  /** Path in the bundle. */
  readonly path: string;
  readonly fault:
    | "missing"
    | "changed"
    | "added"
    | "unreadable"
    | "not-a-manifest"
    | "sums-differ"
    | "signature";
  readonly detail: string;
}

export interface Verification {
  readonly faults: readonly Fault[];
  readonly manifest: Manifest | undefined;
  readonly manifestSha256: string | undefined;
  readonly files: number;
}

/** Told later than the seal, so no part of it. */
export const BESIDE: ReadonlySet<string> = new Set([MANIFEST_FILE, SIGNATURE_FILE, OUTCOME_FILE]);

export async function verifyBundle(folder: string): Promise<Verification> {
  const read = await readManifest(folder);
  if ("fault" in read)
    return { faults: [read.fault], manifest: undefined, manifestSha256: undefined, files: 0 };
  const { manifest, manifestSha256 } = read;
  const faults: Fault[] = [];
  for (const file of manifest.files) {
    const fault = await checkFile(folder, file);
    if (fault) faults.push(fault);
  }
  const known = new Set(manifest.files.map(({ path }) => path));
  for (const path of await listAll(folder, ""))
    if (!known.has(path) && !BESIDE.has(path))
      faults.push({ path, fault: "added", detail: "not in the manifest" });
  const sums = checkSums(await readFile(join(folder, SUMS_FILE), "utf8").catch(() => ""), manifest);
  if (sums) faults.push(sums);
  const outcome = await readFile(join(folder, OUTCOME_FILE)).catch(() => undefined);
  const told = outcome && checkOutcome(outcome, manifest);
  if (told) faults.push(told);
  return { faults, manifest, manifestSha256, files: manifest.files.length };
}

/** A manifest that cannot be understood is one fault: nothing else can be checked. */
function no(detail: string): { fault: Fault } {
  return { fault: { path: MANIFEST_FILE, fault: "not-a-manifest", detail } };
}

async function readManifest(folder: string): Promise<ReturnType<typeof parseManifest>> {
  let bytes: Buffer;
  try {
    bytes = await readFile(join(folder, MANIFEST_FILE));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") return no(messageOf(error));
    return {
      fault: {
        path: MANIFEST_FILE,
        fault: "missing",
        detail: (await isThere(join(folder, SUMS_FILE)))
          ? `only ${SUMS_FILE} tells what was sealed, as in an unpacked bundle.zip: sha256sum -c --ignore-missing ${SUMS_FILE}`
          : "there is no manifest: no bundle, or one that was never sealed",
      },
    };
  }
  return parseManifest(bytes);
}

/** The bytes of a manifest.json as what they are, or the one fault that says why they are none. */
export function parseManifest(
  bytes: Buffer,
): { readonly manifest: Manifest; readonly manifestSha256: string } | { readonly fault: Fault } {
  try {
    const parsed = Manifest.safeParse(JSON.parse(bytes.toString("utf8")));
    if (!parsed.success)
      return no(`${parsed.error.issues[0]?.path.join(".") ?? ""}: ${parsed.error.issues[0]?.message ?? ""}`);
    return { manifest: parsed.data, manifestSha256: digestBytes(bytes).sha256 };
  } catch (error) {
    return no(messageOf(error));
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function checkFile(folder: string, file: Manifest["files"][number]): Promise<Fault | undefined> {
  const { path } = file;
  try {
    const digest = await digestFile(join(folder, path));
    if (digest.bytes !== file.bytes)
      return { path, fault: "changed", detail: `has ${digest.bytes} bytes, not ${file.bytes}` };
    if (digest.sha256 !== file.sha256)
      return { path, fault: "changed", detail: `sha256 is ${digest.sha256}, not ${file.sha256}` };
    return undefined;
  } catch (error) {
    if (errnoOf(error) === "ENOENT")
      return { path, fault: "missing", detail: "listed in the manifest, but not there" };
    return { path, fault: "unreadable", detail: messageOf(error) };
  }
}

/** Paths of everything below a folder; a link, a device and a folder that is none of ours are listed like a file. */
async function listAll(folder: string, below: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory() && isMemberName(entry.name)) found.push(...(await listAll(folder, path)));
    else found.push(printable(path, 300));
  }
  return found;
}

/** outcome.json is told after the seal: no digest says what is in it, but that it is one, of this bundle. */
export function checkOutcome(bytes: Buffer, { captureId }: Pick<Manifest, "captureId">): Fault | undefined {
  try {
    const parsed = Outcome.safeParse(JSON.parse(bytes.toString("utf8")));
    if (parsed.success && parsed.data.captureId === captureId) return undefined;
  } catch {
    // Told below.
  }
  return { path: OUTCOME_FILE, fault: "changed", detail: "does not tell the outcome of this bundle" };
}

function differ(detail: string): Fault {
  return { path: SUMS_FILE, fault: "sums-differ", detail };
}

/** SHA256SUMS must name the same files as the manifest, and say the same of them: it is what people check without us. */
export function checkSums(text: string, manifest: Manifest): Fault | undefined {
  const digests = new Map(manifest.files.map(({ path, sha256 }) => [path, sha256]));
  // Made after the sums.
  for (const later of [SUMS_FILE, ZIP_FILE]) digests.delete(later);
  for (const line of text.split("\n").filter(Boolean)) {
    const [, sha256, path = ""] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (sha256 === undefined || digests.get(path) !== sha256)
      return differ(`says otherwise than the manifest: ${printable(line, 120)}`);
    digests.delete(path);
  }
  const [left] = digests.keys();
  return left === undefined ? undefined : differ(`does not name ${left}`);
}
