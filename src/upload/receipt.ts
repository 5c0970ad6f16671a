// The receipt beside a bundle in the spool: what stores and incident records confirmed. What must stay true: it is never
// half written, and a damaged one stops nothing: what it said is found out again, as sending and posting are safe to
// repeat. Two processes that update one receipt at the same moment may lose an entry, which costs such a repetition.
import { rename } from "node:fs/promises";
import { bundlePaths } from "../bundle/layout.ts";
import { Receipt } from "../bundle/after-seal.ts";
import { SCHEMA_VERSION } from "../bundle/manifest.ts";
import { UploadError } from "../errors.ts";
import { fsyncFolder, writeFileDurable } from "../host/files.ts";
import { readJsonFile, type JsonFile } from "./json-file.ts";

/** A receipt as it is, for those who only look; never throws. One of another bundle counts as damaged. */
export async function lookAtReceipt(spool: string, captureId: string): Promise<JsonFile<Receipt>> {
  const found = await readJsonFile(bundlePaths(spool, captureId).receipt, Receipt);
  if (found.state === "read" && found.value.captureId !== captureId)
    return { state: "damaged", reason: "belongs to another bundle" };
  return found;
}

/**
 * The receipt of a bundle; undefined when there is none. A damaged one is set aside as `….damaged-<time>` and is none.
 * Throws UploadError when it cannot be read at all.
 */
export async function readReceipt(spool: string, captureId: string): Promise<Receipt | undefined> {
  const found = await lookAtReceipt(spool, captureId);
  const path = bundlePaths(spool, captureId).receipt;
  if (found.state === "read") return found.value;
  if (found.state === "unreadable")
    throw new UploadError(`${path}: ${found.reason}`, { hint: "run as the user who captured, or as root" });
  // Where it may not be renamed it stays, and is damaged the next time as well.
  if (found.state === "damaged") await setAside(path, spool).catch(() => undefined);
  return undefined;
}

async function setAside(path: string, spool: string): Promise<void> {
  await rename(path, `${path}.damaged-${new Date().toISOString().replace(/[-:.]/g, "")}`);
  await fsyncFolder(spool);
}

/** By path: updates of one receipt in this process come one after the other. */
const waiting = new Map<string, Promise<unknown>>();

/** Reads the receipt (an empty one when there is none), changes it and writes it durably; returns what was written. */
export async function updateReceipt(
  spool: string,
  captureId: string,
  change: (receipt: Receipt) => Receipt,
): Promise<Receipt> {
  const { receipt: path } = bundlePaths(spool, captureId);
  const before = waiting.get(path) ?? Promise.resolve();
  const work = before.then(async () => {
    const receipt = await readReceipt(spool, captureId);
    const changed = Receipt.parse(
      change(receipt ?? { schemaVersion: SCHEMA_VERSION, captureId, uploads: [], notes: [] }),
    );
    await writeFileDurable(path, `${JSON.stringify(changed, undefined, 2)}\n`);
    return changed;
  });
  const settled = work
    .catch(() => undefined)
    .finally(() => {
      if (waiting.get(path) === settled) waiting.delete(path);
    });
  waiting.set(path, settled);
  return work;
}
