// The jobs that this host has begun, one file each: an attempt is on disk before anything is done, so that the same job acts
// once, also when the agent is killed and asked again. What must stay true: `begin` says yes to a job once, ever.
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { errnoOf } from "../errors.ts";
import { JobEvent, JobId, PROTOCOL } from "../fleet/contract.ts";
import { makeFolder, writeFileDurable } from "../host/files.ts";

/** Longer than any order may be on its way (LATEST_ORDER_MS), so that a job is not forgotten while it could still come. */
const KEEP_MS = 7 * 24 * 3_600_000;
const LIMIT_BYTES = 256 * 1024;

const Entry = z.strictObject({ begunAt: z.string(), event: JobEvent.optional() });

export interface FleetJournal {
  /** True when it was not known, and is durably now. Throws what the disk says. */
  readonly begin: (job: string) => Promise<boolean>;
  readonly end: (event: JobEvent) => Promise<void>;
  /** Undefined: never begun. Without an event: what became of it is not known. */
  readonly find: (job: string) => Promise<{ readonly event?: JobEvent | undefined } | undefined>;
}

export function fleetFolder(spool: string): string {
  return join(dirname(spool), "fleet");
}

/** Jobs that were begun by an agent that is gone are ended as lost: what became of them nobody saw. */
export async function openFleetJournal(folder: string): Promise<FleetJournal> {
  await makeFolder(folder);
  const fileOf = (job: string) => join(folder, `${JobId.parse(job)}.json`);
  const begunAt = new Map<string, string>();
  const end = (event: JobEvent) =>
    writeFileDurable(
      fileOf(event.job),
      JSON.stringify({ begunAt: begunAt.get(event.job) ?? new Date().toISOString(), event }),
    );
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const job = JobId.safeParse(name.replace(/\.json$/, "")).data;
    const stats = await stat(path).catch(() => undefined);
    if (job === undefined || stats === undefined || Date.now() - stats.mtimeMs > KEEP_MS)
      await rm(path, { force: true });
    else if ((await read(path))?.event === undefined)
      await end(lostEvent(job, "the agent ended while it captured; look for a bundle of this job"));
  }
  return {
    begin: async (job) => {
      const at = new Date().toISOString();
      try {
        await writeFileDurable(fileOf(job), JSON.stringify({ begunAt: at }), { exclusive: true });
      } catch (error) {
        if (errnoOf(error) === "EEXIST") return false;
        throw error;
      }
      begunAt.set(job, at);
      return true;
    },
    end,
    find: (job) => read(fileOf(job)),
  };
}

export function lostEvent(job: string, reason: string): JobEvent {
  return { protocol: PROTOCOL, job, state: "lost", reason, captureIds: [], urls: [] };
}

/** A file that is broken is a job that was begun. */
async function read(path: string): Promise<{ readonly event?: JobEvent | undefined } | undefined> {
  let text: string;
  try {
    if ((await stat(path)).size > LIMIT_BYTES) return {};
    text = await readFile(path, "utf8");
  } catch (error) {
    return errnoOf(error) === "ENOENT" ? undefined : {};
  }
  try {
    return Entry.safeParse(JSON.parse(text)).data ?? {};
  } catch {
    return {};
  }
}
