// How far the upload of a bundle has come, beside the bundle in the spool: a line a step, durable before the next step
// is taken. What must stay true: an upload id is here before its first part is sent, and a part is here only after the
// store has confirmed it; a line that a kill has cut is no line.
import { constants } from "node:fs";
import { open, unlink, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { errnoOf } from "../errors.ts";
import { readUpTo } from "../host/bounded-read.ts";
import { fsyncFolder, writeAll } from "../host/files.ts";
import { ObjectProof } from "./object-proof.ts";

const Digest = z.string().regex(/^[0-9a-f]{64}$/);
const Count = z.int().nonnegative();
/** The address of an object with the endpoint it is at: the same bucket elsewhere is another one. */
const ObjectName = z.string();

const Entry = z.discriminatedUnion("step", [
  /** A multipart upload was begun; `plan` is how the object is cut. */
  z.strictObject({
    step: z.literal("begun"),
    object: ObjectName,
    uploadId: z.string().min(1),
    plan: z.array(z.tuple([Count, Count])).min(1),
  }),
  z.strictObject({
    step: z.literal("part"),
    object: ObjectName,
    uploadId: z.string(),
    number: z.int().positive(),
    bytes: Count,
    sha256: Digest,
    etag: z.string(),
    crc32: z.string().optional(),
  }),
  /** The store holds the object and no unfinished upload of ours. */
  z.strictObject({
    step: z.literal("confirmed"),
    at: z.iso.datetime(),
    object: ObjectName,
    bytes: Count,
    sha256: Digest,
    proof: ObjectProof.optional(),
  }),
  z.strictObject({ step: z.literal("given-up"), object: ObjectName, uploadId: z.string() }),
  /** An upload of the bundle ended without success. */
  z.strictObject({
    step: z.literal("attempt"),
    at: z.iso.datetime(),
    store: z.string(),
    reason: z.string(),
  }),
]);
export type JournalEntry = z.infer<typeof Entry>;
type Step<Name extends JournalEntry["step"]> = Extract<JournalEntry, { readonly step: Name }>;
export type JournalPart = Step<"part">;

/** The longest upload, 10,000 parts, has 4 MB; failed attempts of a year may come to as much again. */
const LIMIT_BYTES = 64 * 1024 ** 2;
/** After this long somebody may have removed an object: it is asked for again. */
const TRUSTED_MS = 24 * 3_600_000;

export interface UploadJournal {
  /** What an object was confirmed as, within the last day; undefined when it must be asked for. */
  readonly confirmed: (object: string, sha256: string) => Step<"confirmed"> | undefined;
  /** The upload of an object that was begun and neither confirmed nor given up, with its parts by number. */
  readonly begun: (
    object: string,
  ) => { readonly upload: Step<"begun">; readonly parts: ReadonlyMap<number, JournalPart> } | undefined;
  /** Resolves when the line is durable. */
  readonly write: (entry: JournalEntry) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens the journal at `path`, made when there is none. Lines that are none are passed over. */
export async function openUploadJournal(path: string): Promise<UploadJournal> {
  const file = await open(
    path,
    constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    await fsyncFolder(dirname(path));
    const text = (await readUpTo(file, LIMIT_BYTES)).toString("utf8");
    // A cut line must not swallow the next one.
    if (text !== "" && !text.endsWith("\n")) await writeAll(file, Buffer.from("\n"));
    return journalOf(file, text.split("\n").flatMap(parseEntry));
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** What is in a journal, for those who only look; nothing when there is none or it cannot be read. */
export async function readUploadJournal(path: string): Promise<readonly JournalEntry[]> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    return (await readUpTo(file, LIMIT_BYTES)).toString("utf8").split("\n").flatMap(parseEntry);
  } catch {
    return [];
  }
}

/** When the bundle is confirmed or gone; none there is no error. */
export async function removeUploadJournal(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errnoOf(error) !== "ENOENT") throw error;
  });
}

function parseEntry(line: string): readonly JournalEntry[] {
  try {
    const parsed = Entry.safeParse(JSON.parse(line));
    return parsed.success ? [parsed.data] : [];
  } catch {
    return [];
  }
}

function journalOf(file: FileHandle, read: readonly JournalEntry[]): UploadJournal {
  const entries = [...read];
  let last: Promise<void> = Promise.resolve();
  const append = async (entry: JournalEntry): Promise<void> => {
    await writeAll(file, Buffer.from(`${JSON.stringify(entry)}\n`));
    await file.datasync();
    entries.push(entry);
  };
  return {
    confirmed: (object, sha256) =>
      entries.findLast(
        (entry): entry is Step<"confirmed"> =>
          entry.step === "confirmed" &&
          entry.object === object &&
          entry.sha256 === sha256 &&
          Math.abs(Date.now() - Date.parse(entry.at)) < TRUSTED_MS,
      ),
    begun: (object) => begunIn(entries, object),
    write: (entry) => {
      const written = last.then(() => append(entry));
      last = written.catch(() => undefined);
      return written;
    },
    close: async () => {
      await last;
      await file.close();
    },
  };
}

function begunIn(entries: readonly JournalEntry[], object: string): ReturnType<UploadJournal["begun"]> {
  const own = entries.filter((entry) => entry.step !== "attempt" && entry.object === object);
  const upload = own.findLast((entry) => entry.step !== "part");
  if (upload?.step !== "begun") return undefined;
  const parts = new Map<number, JournalPart>();
  for (const entry of own)
    if (entry.step === "part" && entry.uploadId === upload.uploadId) parts.set(entry.number, entry);
  return { upload, parts };
}

/** The attempts that failed since anything was confirmed, the last one last. */
export function failuresIn(entries: readonly JournalEntry[]): readonly Step<"attempt">[] {
  const since = entries.findLastIndex(({ step }) => step === "confirmed" || step === "part");
  return entries.slice(since + 1).filter((entry): entry is Step<"attempt"> => entry.step === "attempt");
}
