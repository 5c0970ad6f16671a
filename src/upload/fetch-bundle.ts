// A bundle, or some files of it, from a store to a folder of this host. What must stay true: no file has its name before
// its digest was right; the manifest comes last; no name in it leads out of the folder; a fetch that was killed goes on
// where it was.
import { rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import pLimit from "p-limit";
import { errnoOf, ExhibitError, UploadError } from "../errors.ts";
import { hasCommand } from "../host/commands-on-path.ts";
import { readDisk } from "../host/disk.ts";
import { holdLock, type Lock } from "../host/lock.ts";
import { openFolders } from "./directory-folders.ts";
import { DiffersError, fetchFile, landBytes, missingBytes, type Landing } from "./fetch-file.ts";
import { StoredFault } from "./pieces.ts";
import type { FetchPlan } from "./plan-fetch.ts";
import type { StoredRef } from "./stored-bundle.ts";

const AT_ONCE = 3;

export interface FetchedFile {
  readonly path: string;
  readonly bytes: number;
  /** `wrong`: the store's is not what the manifest says; `missing` there; `differs`: another file is here. */
  readonly state: "fetched" | "present" | "wrong" | "missing" | "differs";
  readonly reason?: string;
  readonly hint?: string;
}

export interface FetchRequest {
  readonly ref: StoredRef;
  readonly plan: FetchPlan;
  /** Absolute; the bundle's own folder is made in it. */
  readonly output: string;
  readonly signal?: AbortSignal;
  /** How much is here, of how much; it may go back when a part had to be thrown away. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/**
 * Fetches what the plan names into `{output}/{captureId}`; a file that is wrong does not stop the others. Throws
 * UploadError when the store does not answer: the same again goes on where it was.
 */
export async function fetchBundle(request: FetchRequest): Promise<readonly FetchedFile[]> {
  const { ref, plan, output } = request;
  const folder = join(output, ref.captureId);
  const parts = join(output, `.${ref.captureId}.fetching`);
  return naming(folder, async () => {
    const { ensure } = openFolders(output);
    await ensure(folder);
    await ensure(parts);
    const lock = await claim(parts);
    try {
      const done = await fetchAll(request, landingOf(request, { folder, parts, ensure }));
      await tidy(parts);
      return done;
    } finally {
      await lock?.release();
    }
  });

  function landingOf(
    { onProgress, signal }: FetchRequest,
    at: Pick<Landing, "folder" | "parts" | "ensure">,
  ): Landing {
    const totalBytes = plan.files.reduce((sum, file) => sum + file.bytes, 0);
    let doneBytes = 0;
    return {
      ...at,
      store: ref.store,
      ...(signal ? { signal } : {}),
      onBytes: (bytes) => onProgress?.((doneBytes += bytes), totalBytes),
    };
  }
}

async function fetchAll({ plan }: FetchRequest, landing: Landing): Promise<readonly FetchedFile[]> {
  await mustFit(plan, landing);
  const limit = pLimit(AT_ONCE);
  let failed = false;
  const results = await Promise.allSettled(
    plan.files.map((file) =>
      limit(async () => {
        // The store does not answer: the others would only wait as long.
        if (failed) throw new Error("not tried");
        try {
          return await fetchOne(file, () => fetchFile(file, landing));
        } catch (error) {
          failed = true;
          throw error;
        }
      }),
    ),
  );
  const faults = results
    .filter((result) => result.status === "rejected")
    .map(({ reason }): unknown => reason);
  // Those that were not tried for it come after the first that failed, or before it in the list.
  if (faults.length > 0)
    throw faults.find((fault) => fault instanceof ExhibitError || errnoOf(fault)) ?? faults[0];
  const files = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  for (const { path, data } of plan.texts)
    files.push(
      await fetchOne({ path, bytes: data.length }, () =>
        landBytes(join(landing.folder, path), data, landing.parts),
      ),
    );
  return files;
}

async function fetchOne(
  { path, bytes }: Pick<FetchedFile, "path" | "bytes">,
  work: () => Promise<"fetched" | "present">,
): Promise<FetchedFile> {
  try {
    return { path, bytes, state: await work() };
  } catch (error) {
    if (!(error instanceof StoredFault || error instanceof DiffersError)) throw error;
    const fault = error instanceof DiffersError ? "differs" : error.fault;
    const state = fault === "changed" ? "wrong" : fault;
    return {
      path,
      bytes,
      state,
      reason: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    };
  }
}

async function mustFit(plan: FetchPlan, landing: Landing): Promise<void> {
  let needed = 0;
  for (const file of plan.files) needed += await missingBytes(file, landing);
  const { freeBytes } = await readDisk(landing.folder);
  if (needed > freeBytes)
    throw new ExhibitError(
      `${landing.folder}: ${needed} bytes are to come, and the disk has room for ${freeBytes}`,
      {
        hint: "free some space, fetch into another folder with -o, or name the files that you need",
      },
    );
}

/** Two that fill the same parts would spoil them. Where there is no flock(1) that is left to the digests. */
async function claim(parts: string): Promise<Lock | undefined> {
  if (!(await hasCommand("flock"))) return undefined;
  const lock = await holdLock(join(parts, "lock"), 0);
  if (lock) return lock;
  throw new ExhibitError("another exhibit fetches this bundle into the same folder", {
    hint: "wait until it is done",
  });
}

/** What of the folder is left is what a later fetch goes on with. */
async function tidy(parts: string): Promise<void> {
  await unlink(join(parts, "lock")).catch(() => undefined);
  await rmdir(parts).catch(() => undefined);
}

async function naming<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UploadError)
      throw new UploadError(error.message, {
        cause: error,
        hint: `${error.hint === undefined ? "" : `${error.hint}; `}the same fetch again goes on where it was`,
      });
    const code = errnoOf(error);
    if (code === undefined || error instanceof ExhibitError) throw error;
    const what = code === "ELOOP" ? "a link is where a folder should be" : "cannot be written";
    throw new ExhibitError(`${folder}: ${what} (${code})`, {
      cause: error,
      hint: "fetch into another folder with -o",
    });
  }
}
