// What `guard` and `capture` share once a capture is secured: to a sealed bundle, and to the link on the record.
import { dirname } from "node:path";
import type { ReadableBundle } from "../capture/compare-with-earlier.ts";
import type { EarlyUpload } from "../capture/early-upload.ts";
import { postNotes, type Noted } from "../capture/post-notes.ts";
import { readBundle, type SealedBundle } from "../capture/sealed-bundle.ts";
import { bundleUrl, uploadBundle, type Uploaded } from "../capture/upload-bundle.ts";
import type { SecuredBundle } from "../capture/run.ts";
import { sealBundle } from "../capture/seal.ts";
import { messageOf } from "../errors.ts";
import type { CaptureOptions } from "./capture-options.ts";
import type { Destination } from "./destination.ts";
import type { SavedCapture } from "./results/captures.ts";

/** Nobody waits longer for a record that does not answer; `exhibit push` does. */
const NOTE_MS = 10_000;

/** Seals a secured capture. */
export async function seal(
  secured: SecuredBundle,
  destination: Destination,
  more: { readonly interrupted?: string; readonly earlier?: ReadableBundle } = {},
): Promise<SealedBundle> {
  const url =
    destination.store === undefined ? secured.paths.folder : bundleUrl(destination.store, secured.capture);
  const { records, readings } = (await secured.late?.finished()) ?? secured;
  await secured.early?.quiet();
  const manifest = await sealBundle({
    paths: secured.paths,
    capture: secured.capture,
    records,
    readings,
    checks: secured.checks,
    cores: secured.cores,
    finishedAt: secured.finishedAt,
    durationMs: secured.elapsedMs,
    ...(secured.pausedMs === undefined ? {} : { pausedMs: secured.pausedMs }),
    url,
    ...(secured.early === undefined ? {} : { watch: secured.early.core }),
    sealing: destination.sealing,
    ...more,
  });
  return readBundle(dirname(secured.paths.folder), manifest.captureId);
}

export interface Delivered {
  readonly upload: Uploaded;
  readonly notes: readonly Noted[];
}

/** Uploads a sealed bundle and posts its note, as far as asked for. Never rejects. */
export async function deliver(
  bundle: SealedBundle,
  destination: Destination,
  options: Pick<CaptureOptions, "noNote"> & {
    readonly running?: { readonly startedAt: string };
    /** What it has sent is not sent again. */
    readonly early?: EarlyUpload | undefined;
    readonly signal?: AbortSignal;
  },
): Promise<Delivered> {
  await options.early?.end(options.signal);
  const upload: Uploaded =
    destination.store === undefined
      ? { state: "not-asked" }
      : await uploadBundle(bundle, destination.store, { signal: options.signal, waitForOther: true });
  if (options.noNote) return { upload, notes: [] };
  return {
    upload,
    notes: await postNotes(bundle, destination.records, {
      withinMs: NOTE_MS,
      ...(options.running ? { running: options.running } : {}),
    }),
  };
}

/** Two deliveries of one bundle, the second with the outcome, as one: what the first posted is not "already there". */
export function completed(first: Delivered, second: Delivered): Delivered {
  const told = new Map(first.notes.map((note) => [note.incident, note.state]));
  const notes = second.notes.map((note) => {
    const before = told.get(note.incident);
    const isSame = note.state === "present" || note.state === "updated";
    return before === "posted" && isSame ? { ...note, state: before } : note;
  });
  const isUploaded = first.upload.state === "uploaded" && second.upload.state === "present";
  return { upload: isUploaded ? first.upload : second.upload, notes };
}

export function resultOf(bundle: SealedBundle, delivered: Delivered): SavedCapture {
  const { manifest } = bundle;
  return {
    saved: true,
    captureId: manifest.captureId,
    state: manifest.state,
    path: bundle.path,
    collectors: manifest.collectors,
    readings: manifest.readings,
    ...(manifest.comparison === undefined ? {} : { comparison: manifest.comparison }),
    pausedMs: manifest.pausedMs,
    ...(manifest.signing?.failed === undefined ? {} : { unsigned: manifest.signing.failed }),
    upload: delivered.upload,
    notes: [...delivered.notes],
  };
}

/** A capture whose evidence is safe but which could not be sealed: the next command seals it. */
export function unsealedResult(secured: SecuredBundle, error: unknown): SavedCapture {
  return {
    saved: true,
    captureId: secured.paths.captureId,
    state: "unsealed",
    path: secured.paths.folder,
    collectors: [...secured.records],
    readings: [...secured.readings],
    pausedMs: secured.pausedMs,
    upload: { state: "waiting", reason: "not sealed yet" },
    notes: [],
    problem: messageOf(error),
  };
}

/** 0 complete, sent and noted; several at once: 1 before 4 before 5 before 3. */
export function exitCodeOfResult(result: SavedCapture): number {
  if (result.collectors.every(({ bytes }) => bytes === 0)) return 1;
  if (result.upload.state === "waiting") return 4;
  if (result.notes.some(({ state }) => state === "waiting" || state === "failed")) return 5;
  return result.state === "complete" ? 0 : 3;
}
