// What a job has done so far, on disk: JSON Lines, the job first, then a line for each change of a host, fsynced before
// anything follows from it. What must stay true: a host that may have been asked is in it as begun, whenever we are killed.
import { constants } from "node:fs";
import { open, readFile, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import pLimit from "p-limit";
import { z } from "zod";
import { errnoOf, ExhibitError, messageOf, UsageError } from "../errors.ts";
import { createFile, fsyncFolder, makeFolder, writeAll } from "../host/files.ts";
import { holdLock } from "../host/lock.ts";
import { HostRecord, Job } from "./job.ts";
import { JobId } from "./contract.ts";

const Line = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("job"), ...Job.shape }),
  z.strictObject({ kind: z.literal("host"), ...HostRecord.shape }),
]);

/** Beside the spool: the ledgers of this controller. */
export function fleetFolder(spool: string): string {
  return join(dirname(spool), "fleet");
}

export interface Ledger {
  /** The last that is known of each host. */
  readonly records: ReadonlyMap<string, HostRecord>;
  /** Durable when it resolves. */
  readonly write: (record: HostRecord) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Begins the ledger of a new job. Throws ExhibitError: without it nothing may begin. */
export async function createLedger(folder: string, job: Job): Promise<Ledger> {
  const path = pathOf(folder, job.job);
  try {
    await makeFolder(folder);
    const file = await createFile(path);
    const lock = await lockOf(path);
    const ledger = ledgerOf(file, new Map(), async () => lock?.release());
    await append(file, { kind: "job", ...job });
    await fsyncFolder(folder);
    return ledger;
  } catch (error) {
    if (error instanceof ExhibitError) throw error;
    throw new ExhibitError(`${path}: the ledger of the job cannot be written: ${messageOf(error)}`, {
      hint: "name another state folder: EXHIBIT_SPOOL_PATH",
      cause: error,
    });
  }
}

/** The ledger of a job that was begun. Throws UsageError when there is none, or another process still works at it. */
export async function resumeLedger(
  folder: string,
  id: string,
): Promise<{ readonly job: Job; readonly ledger: Ledger }> {
  if (!JobId.safeParse(id).success) throw new UsageError(`--resume ${id}: is no id of a job`);
  const path = pathOf(folder, id);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (errnoOf(error) !== "ENOENT") throw new ExhibitError(`${path}: cannot be read: ${messageOf(error)}`);
    throw new UsageError(`--resume ${id}: there is no such job here`, { hint: `jobs are kept in ${folder}` });
  });
  const lines = text.split("\n").flatMap(lineOf);
  const [first] = lines;
  if (first?.kind !== "job") throw new ExhibitError(`${path}: does not begin with a job`);
  const { kind: _, ...job } = first;
  const lock = await lockOf(path);
  const file = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW);
  // A line that a kill cut in two must not swallow the next one.
  if (!text.endsWith("\n")) await writeAll(file, Buffer.from("\n"));
  const records = new Map(
    lines.flatMap((line) => {
      if (line.kind !== "host") return [];
      const { kind: _kind, ...record } = line;
      return [[record.host, record] as const];
    }),
  );
  return { job, ledger: ledgerOf(file, records, async () => lock?.release()) };
}

function pathOf(folder: string, id: string): string {
  return join(folder, `${id}.jsonl`);
}

/** The lock dies with us; undefined where there is no flock(1), as then nobody can tell. */
async function lockOf(path: string) {
  const lock = await holdLock(path, 0);
  if (lock !== undefined || process.platform !== "linux") return lock;
  throw new UsageError("another exhibit works at this job", { hint: "wait until it has ended" });
}

/** Whole lines that we know; what a kill left is none. */
function lineOf(text: string): readonly z.infer<typeof Line>[] {
  try {
    const line = Line.safeParse(JSON.parse(text));
    return line.success ? [line.data] : [];
  } catch {
    return [];
  }
}

async function append(file: FileHandle, line: z.input<typeof Line>): Promise<void> {
  await writeAll(file, Buffer.from(`${JSON.stringify(line)}\n`));
  await file.datasync();
}

function ledgerOf(
  file: FileHandle,
  records: Map<string, HostRecord>,
  release: () => Promise<unknown>,
): Ledger {
  // One after the other: a line is written in one piece.
  const turn = pLimit(1);
  return {
    records,
    write: (record) =>
      turn(async () => {
        records.set(record.host, record);
        await append(file, { kind: "host", ...record });
      }),
    close: async () => {
      await turn(() => file.close());
      await release();
    },
  };
}
