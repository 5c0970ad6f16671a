// The spool: bundles on this host until a store has confirmed every byte, a folder each, the receipt beside it. What
// must stay true: whatever lies in it is listed, and nothing that lies in it stops the listing.
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { bundlePaths, QUARANTINE_FOLDER } from "../bundle/layout.ts";
import { Outcome, type Receipt } from "../bundle/after-seal.ts";
import { CaptureFile, CaptureId, Manifest } from "../bundle/manifest.ts";
import { errnoOf, UploadError } from "../errors.ts";
import { isAlive, readBootId } from "../host/process-identity.ts";
import { readJsonFile, type JsonFile } from "./json-file.ts";
import { lookAtReceipt } from "./receipt.ts";

export interface SpoolEntry {
  readonly captureId: string;
  /** The folder of the bundle. */
  readonly path: string;
  /** `capturing`: its process still runs. `interrupted`: it ended before the seal. */
  readonly state: "capturing" | "interrupted" | "sealed" | "damaged";
  /** Why it is damaged, in words. */
  readonly reason?: string;
  readonly capture?: CaptureFile;
  readonly manifest?: Manifest;
  readonly receipt?: Receipt;
  readonly outcome?: Outcome;
  /** Of all files in it; receipt and journal are beside it and do not count. */
  readonly bytes: number;
}

/**
 * Every bundle of a spool, oldest first; none when there is no such folder. What is damaged is listed as such. Throws
 * UploadError only when the spool itself cannot be read.
 */
export async function listSpool(spool: string): Promise<readonly SpoolEntry[]> {
  const names = await readdir(spool, { withFileTypes: true }).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return [];
    throw new UploadError(`${spool}: the spool cannot be read (${errnoOf(error)})`, {
      cause: error,
      hint: "run as the user who captured, or as root",
    });
  });
  const entries: SpoolEntry[] = [];
  // Names that begin with a dot are our own: locks, bundles that are just being made, copies on their way out.
  for (const entry of names.filter((one) => one.isDirectory() && isBundle(one.name)))
    entries.push(await readEntry(spool, entry.name));
  return entries.toSorted((one, other) => (beganAt(one) < beganAt(other) ? -1 : 1));
}

function isBundle(name: string): boolean {
  return !name.startsWith(".") && name !== QUARANTINE_FOLDER;
}

/** An id tells the second alone; two captures of one second are in the order in which they began. */
function beganAt({ captureId, capture, state }: SpoolEntry): string {
  const fromId = captureId.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, "$1-$2-$3T$4:$5:$6~");
  return state === "damaged" ? fromId : (capture?.startedAt ?? fromId);
}

/** What is known of one folder of a spool, or of any folder that is a bundle or not; never throws. */
export async function readEntry(spool: string, name: string): Promise<SpoolEntry> {
  const paths = bundlePaths(spool, name);
  const [capture, manifest, outcome, receipt] = await Promise.all([
    readJsonFile(paths.capture, CaptureFile),
    readJsonFile(paths.manifest, Manifest),
    readJsonFile(paths.outcome, Outcome),
    lookAtReceipt(spool, name),
  ]);
  return {
    captureId: name,
    path: paths.folder,
    ...judge(name, capture, manifest),
    ...(capture.state === "read" ? { capture: capture.value } : {}),
    ...(manifest.state === "read" ? { manifest: manifest.value } : {}),
    ...(outcome.state === "read" ? { outcome: outcome.value } : {}),
    ...(receipt.state === "read" ? { receipt: receipt.value } : {}),
    bytes: await sizeOf(paths.folder),
  };
}

type Judged = Pick<SpoolEntry, "state" | "reason">;

function damaged(reason: string): Judged {
  return { state: "damaged", reason };
}

function judge(name: string, capture: JsonFile<CaptureFile>, manifest: JsonFile<Manifest>): Judged {
  if (!CaptureId.safeParse(name).success) return damaged("its name is not that of a capture");
  if (manifest.state === "read")
    return manifest.value.captureId === name
      ? { state: "sealed" }
      : damaged("manifest.json belongs to another bundle");
  if (manifest.state !== "missing") return damaged(`manifest.json: ${manifest.reason}`);
  if (capture.state === "missing") return damaged("has neither manifest.json nor capture.json");
  if (capture.state !== "read") return damaged(`capture.json: ${capture.reason}`);
  if (capture.value.captureId !== name) return damaged("capture.json belongs to another bundle");
  const { pid, startTime, bootId } = capture.value.agent;
  return { state: bootId === readBootId() && isAlive(pid, startTime) ? "capturing" : "interrupted" };
}

/** Bytes of all regular files below a folder; what vanishes or cannot be read meanwhile counts nothing. */
async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await sizeOf(path);
    else if (entry.isFile()) bytes += (await lstat(path).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}
