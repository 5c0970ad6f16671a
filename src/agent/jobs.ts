// What this host did for jobs of a fleet: a file for each, there before the work begins. What must stay true: the same job
// acts once, however often it is asked and whatever was killed in between; what is not known is called lost, never done.
import { existsSync } from "node:fs";
import { readdir, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { JobId } from "../fleet/contract.ts";
import { FarResult } from "../fleet/ssh/messages.ts";
import { delay } from "../host/clock.ts";
import { makeFolder, writeFileDurable } from "../host/files.ts";
import { isAlive, readBootId, readOwnIdentity } from "../host/process-identity.ts";
import { errnoOf } from "../errors.ts";
import { readJsonFile } from "../upload/json-file.ts";

const Entry = z.strictObject({
  job: JobId,
  begunAt: z.string(),
  /** The process that works for it. */
  by: z.strictObject({ pid: z.int(), startTime: z.string(), bootId: z.string() }),
  result: FarResult.optional(),
});
type Entry = z.infer<typeof Entry>;

const KEEP_MS = 30 * 24 * 3_600_000;
const LOOK_MS = 200;

/** Beside the spool. */
export function jobsFolder(spool: string): string {
  return join(dirname(spool), "jobs");
}

export interface Jobs {
  /** True when this is the first who begins it. */
  readonly begin: (job: string) => Promise<boolean>;
  /** Somebody has begun it. */
  readonly has: (job: string) => boolean;
  readonly end: (job: string, result: FarResult) => Promise<void>;
  /** Nothing was done: it may be asked again. */
  readonly forget: (job: string) => Promise<void>;
  /** Waits while another process works for it; undefined when that one is gone and has left no result. */
  readonly outcome: (job: string, signal: AbortSignal) => Promise<FarResult | undefined>;
}

/** Throws what the file system says; nothing may begin then. */
export async function openJobs(spool: string): Promise<Jobs> {
  const folder = jobsFolder(spool);
  await makeFolder(folder);
  await forgetOld(folder);
  const pathOf = (job: string) => join(folder, `${JobId.parse(job)}.json`);
  const entries = new Map<string, Entry>();
  return {
    begin: async (job) => {
      const entry: Entry = { job, begunAt: new Date().toISOString(), by: readOwnIdentity() };
      try {
        await writeFileDurable(pathOf(job), `${JSON.stringify(entry)}\n`, { exclusive: true });
      } catch (error) {
        if (errnoOf(error) === "EEXIST") return false;
        throw error;
      }
      entries.set(job, entry);
      return true;
    },
    has: (job) => existsSync(pathOf(job)),
    end: async (job, result) => {
      const entry = entries.get(job);
      if (entry !== undefined)
        await writeFileDurable(pathOf(job), `${JSON.stringify({ ...entry, result })}\n`);
    },
    forget: async (job) => {
      if (entries.delete(job)) await unlink(pathOf(job));
    },
    outcome: async (job, signal) => {
      while (!signal.aborted) {
        const read = await readJsonFile(pathOf(job), Entry);
        if (read.state !== "read") return undefined;
        const { result, by } = read.value;
        if (result !== undefined) return result;
        if (by.bootId !== readBootId() || !isAlive(by.pid, by.startTime)) return undefined;
        await delay(LOOK_MS, signal);
      }
      return undefined;
    },
  };
}

async function forgetOld(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const facts = await stat(path).catch(() => undefined);
    if (facts !== undefined && Date.now() - facts.mtimeMs > KEEP_MS)
      await unlink(path).catch(() => undefined);
  }
}
