// From a sealed bundle to a store, and the receipt of it. Safe to repeat; what fails waits in the spool for `push`, and
// neither the capture nor the mitigation waits for it.
import { bundlePaths } from "../bundle/layout.ts";
import type { Receipt } from "../bundle/after-seal.ts";
import type { Manifest } from "../bundle/manifest.ts";
import { ExhibitError, messageOf } from "../errors.ts";
import { delay } from "../host/clock.ts";
import type { Lock } from "../host/lock.ts";
import { prefixOf } from "../upload/members.ts";
import { readReceipt, updateReceipt } from "../upload/receipt.ts";
import { sendBundle, sendOutcome } from "../upload/send.ts";
import type { Store } from "../upload/store.ts";
import { openUploadJournal, removeUploadJournal } from "../upload/upload-journal.ts";
import { lockUpload } from "../upload/upload-lock.ts";
import type { SealedBundle } from "./sealed-bundle.ts";

/** Whether another exhibit still sends it. */
const LOOK_MS = 500;

export interface Uploaded {
  readonly state: "uploaded" | "present" | "waiting" | "not-asked";
  readonly url?: string;
  readonly reason?: string;
}

export interface UploadBundleOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * While another exhibit sends it: until that has ended, so that the answer is what the store says. The agent's drain may see
   * a bundle before the capture that sealed it sends it. By itself it waits for the next push.
   */
  readonly waitForOther?: boolean;
}

/**
 * Uploads a bundle and writes the receipt; of a bundle that the store has confirmed already, only what was told since.
 * Never rejects: what could not be sent waits.
 */
export async function uploadBundle(
  bundle: SealedBundle,
  store: Store,
  options: UploadBundleOptions = {},
): Promise<Uploaded> {
  try {
    const lock = await lockOf(bundle, options);
    if (!lock) return { state: "waiting", reason: "another exhibit is sending it now" };
    try {
      return await uploadLocked(bundle, store, options.signal);
    } finally {
      await lock.release();
    }
  } catch (error) {
    return { state: "waiting", reason: reasonOf(error) };
  }
}

async function lockOf(
  { spool, manifest }: SealedBundle,
  { signal, waitForOther = false }: UploadBundleOptions,
): Promise<Lock | undefined> {
  for (;;) {
    const lock = await lockUpload(spool, manifest.captureId);
    if (lock || !waitForOther || signal?.aborted) return lock;
    await delay(LOOK_MS, signal);
  }
}

/** What failed and what to do, in one line. */
function reasonOf(error: unknown): string {
  const hint = error instanceof ExhibitError ? error.hint : undefined;
  return hint === undefined ? messageOf(error) : `${messageOf(error)}; ${hint}`;
}

async function uploadLocked(bundle: SealedBundle, store: Store, signal?: AbortSignal): Promise<Uploaded> {
  const { path, manifest } = bundle;
  const request = { bundlePath: path, manifest, store, ...(signal ? { signal } : {}) };
  const there = await confirmedBy(bundle, store);
  if (there !== undefined) {
    await sendOutcome(request);
    await remember(bundle, { ...there, confirmedAt: new Date().toISOString() });
    return { state: "present", url: there.url };
  }
  const journalPath = bundlePaths(bundle.spool, manifest.captureId).upload;
  const journal = await openUploadJournal(journalPath);
  try {
    const sent = await sendBundle({ ...request, journal });
    await remember(bundle, { store: store.name, ...sent, confirmedAt: new Date().toISOString() });
    await removeUploadJournal(journalPath);
    return { state: "uploaded", url: sent.url };
  } catch (error) {
    const reason = reasonOf(error);
    // A full disk must not hide why it failed.
    await journal
      .write({ step: "attempt", at: new Date().toISOString(), store: store.name, reason })
      .catch(() => undefined);
    return { state: "waiting", reason };
  } finally {
    await journal.close();
  }
}

type Upload = Receipt["uploads"][number];

/** What the receipt says of this very bundle in this very place. */
async function confirmedBy(bundle: SealedBundle, store: Store): Promise<Upload | undefined> {
  const receipt = await readReceipt(bundle.spool, bundle.manifest.captureId);
  const url = bundleUrl(store, bundle.manifest);
  return receipt?.uploads.find(
    (upload) =>
      upload.store === store.name && upload.url === url && upload.manifestSha256 === bundle.manifestSha256,
  );
}

async function remember(bundle: SealedBundle, upload: Upload): Promise<void> {
  await updateReceipt(bundle.spool, bundle.manifest.captureId, (receipt) => ({
    ...receipt,
    uploads: [...receipt.uploads.filter(({ store }) => store !== upload.store), upload],
  }));
}

/** Where a bundle will be, before it is there. */
export function bundleUrl(
  store: Store,
  manifest: Pick<Manifest, "captureId" | "incidents" | "host">,
): string {
  return store.url(prefixOf(manifest));
}
