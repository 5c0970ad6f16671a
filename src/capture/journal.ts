// The journal of a capture that is not yet sealed: one line per collector that ended and per identity check. When we
// are killed, it is how the next command knows what the bundle holds. It lies beside the bundle and goes with the seal.
import { constants } from "node:fs";
import { open, readFile, unlink, type FileHandle } from "node:fs/promises";
import { z } from "zod";
import { CollectorRecord, FileRecord, IdentityCheck, ReadingRecord } from "../bundle/manifest.ts";
import { errnoOf } from "../errors.ts";
import { writeAll } from "../host/files.ts";

const Entry = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("started"), name: z.string(), at: z.string() }),
  z.strictObject({ kind: z.literal("collector"), record: CollectorRecord, readings: z.array(ReadingRecord) }),
  z.strictObject({
    kind: z.literal("core"),
    file: z.string().describe("path in the bundle that may hold memory"),
  }),
  z.strictObject({
    kind: z.literal("encrypted"),
    file: z.string().describe("path in the bundle of the encrypted file"),
    encryption: FileRecord.shape.encryption.unwrap(),
    plain: FileRecord.shape.plain.unwrap(),
  }),
  z.strictObject({ kind: z.literal("identity"), check: IdentityCheck }),
  z.strictObject({ kind: z.literal("pause"), name: z.string(), at: z.string() }),
  z.strictObject({ kind: z.literal("resumed"), name: z.string(), observedPauseMs: z.number() }),
  z.strictObject({ kind: z.literal("secured"), at: z.string() }),
]);
export type JournalEntry = z.infer<typeof Entry>;

export interface Journal {
  readonly write: (entry: JournalEntry) => Promise<void>;
  /** Durable from here on. */
  readonly sync: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Nothing is opened before the first line. On a full disk a write rejects, and later ones are tried all the same. */
export function openJournal(path: string): Journal {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
  let handle: FileHandle | undefined;
  let last = Promise.resolve();
  let torn = false;
  const queue = (work: () => Promise<void>) => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
  return {
    write: (entry) =>
      queue(async () => {
        handle ??= await open(path, flags, 0o600);
        const line = `${torn ? "\n" : ""}${JSON.stringify(entry)}\n`;
        torn = true;
        await writeAll(handle, Buffer.from(line));
        torn = false;
      }),
    sync: () => queue(async () => handle?.datasync()),
    close: () => queue(async () => handle?.close()),
  };
}

/** What can be understood of a journal: a line that was cut by a kill, or damaged, is left out. */
export async function readJournal(path: string): Promise<readonly JournalEntry[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return "";
    throw error;
  });
  return text.split("\n").flatMap((line) => {
    const entry = Entry.safeParse(parseJson(line));
    return entry.success ? [entry.data] : [];
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

export async function removeJournal(path: string): Promise<void> {
  await unlink(path).catch(() => undefined);
}
