// The parts of one object on their way: read in order, sent two at a time while the next is read. What must stay true: a
// part that the store has is only accepted when it is made of our bytes; after a failure nothing is under way any more.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { openDeadline } from "../host/deadline.ts";
import { takePartBuffer } from "./part-buffers.ts";
import { BUFFERED_PART_BYTES, partBytes, type PartPlan } from "./part-plan.ts";
import type { PartSource } from "./part-source.ts";
import { stopped } from "./refusals.ts";
import { digestBody, sendPart, startDigests, wantsCrc32, type BodyDigests } from "./s3-body.ts";
import type { S3Upload, SentPart, StoredPart } from "./s3-multipart.ts";
import { UnsendableError } from "./unsendable.ts";
import type { JournalPart } from "./upload-journal.ts";

const IN_FLIGHT = 2;
const PIECE_BYTES = 1024 ** 2;

export interface PartsJob {
  readonly upload: S3Upload;
  /** `s3://bucket/key` */
  readonly where: string;
  readonly plan: PartPlan;
  readonly source: PartSource;
  /** What the store said it has, and what we wrote down of it. */
  readonly have: ReadonlyMap<number, StoredPart>;
  readonly known: ReadonlyMap<number, JournalPart>;
  readonly remember: (part: ConfirmedPart) => Promise<void>;
  readonly signal: AbortSignal | undefined;
}

export type ConfirmedPart = Pick<JournalPart, "number" | "bytes" | "sha256" | "etag" | "crc32">;

interface Piece {
  readonly number: number;
  readonly at: number;
  readonly bytes: number;
}

/** Sends what is missing and resolves with all parts, in order. Throws after those under way have ended. */
export async function sendParts(job: PartsJob): Promise<readonly SentPart[]> {
  const sent = new Map<number, SentPart>();
  const flights = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const failing = new AbortController();
  const ending = openDeadline(
    Number.POSITIVE_INFINITY,
    failing.signal,
    ...(job.signal === undefined ? [] : [job.signal]),
  );
  const { signal } = ending;
  const fail = (error: unknown) => {
    failures.push(error);
    failing.abort();
  };
  const launch = (piece: Piece, digests: BodyDigests, flight: Flight) => {
    const flying = transmit(job, piece, { digests, ...flight, signal })
      .then((part) => void sent.set(piece.number, part), fail)
      .finally(() => {
        flights.delete(flying);
        flight.landed();
      });
    flights.add(flying);
  };
  try {
    for (let number = 1, at = 0; !signal.aborted; number++) {
      const limit = partBytes(job.plan, number);
      if (limit === undefined)
        throw new UnsendableError(`${job.where}: is larger than the 5 TiB that an object may have`);
      const bytes = await job.source.available(at, limit, signal);
      if (bytes === 0 && number > 1) break;
      const piece = { number, at, bytes };
      while (flights.size >= (bytes > BUFFERED_PART_BYTES ? 1 : IN_FLIGHT)) await Promise.race(flights);
      if (signal.aborted) break;
      const kept = await (bytes > BUFFERED_PART_BYTES ? startLarge : startBuffered)(job, piece, launch);
      if (kept) sent.set(number, kept);
      at += bytes;
      if (bytes < limit) break;
    }
  } catch (error) {
    // What was interrupted by a failure of a part is not the reason.
    if (failures.length === 0) fail(error);
  } finally {
    await Promise.all(flights);
    ending.close();
  }
  if (job.signal?.aborted) throw stopped(job.where);
  if (failures.length > 0) throw failures[0];
  return [...sent.values()].toSorted((one, other) => one.number - other.number);
}

interface Flight {
  readonly body: () => Buffer | Readable;
  /** When nothing reads the body any more. */
  readonly landed: () => void;
}
type Launch = (piece: Piece, digests: BodyDigests, flight: Flight) => void;

/** Reads a part into memory and launches it; resolves with it when the store has it already. */
async function startBuffered(job: PartsJob, piece: Piece, launch: Launch): Promise<SentPart | undefined> {
  const buffer = await takePartBuffer(piece.bytes);
  let isFlying = false;
  try {
    await job.source.read(buffer.bytes, piece.at);
    job.source.check(buffer.bytes);
    const digests = digestBody(buffer.bytes, wantsCrc32(job.upload.at.settings));
    const kept = keptPart(job, piece, digests, () => createHash("md5").update(buffer.bytes).digest("hex"));
    if (kept) return kept;
    isFlying = true;
    launch(piece, digests, { body: () => buffer.bytes, landed: buffer.give });
    return undefined;
  } finally {
    if (!isFlying) buffer.give();
  }
}

/** The same for a part that is too large for memory: read once for its digest, and once more to be sent. */
async function startLarge(job: PartsJob, piece: Piece, launch: Launch): Promise<SentPart | undefined> {
  const digests = startDigests(wantsCrc32(job.upload.at.settings));
  const md5 = createHash("md5");
  const isAsked = job.have.has(piece.number) && !job.known.has(piece.number);
  for await (const data of piecesOf(job.source, piece)) {
    digests.update(data);
    job.source.check(data);
    if (isAsked) md5.update(data);
  }
  const ended = digests.end();
  const kept = keptPart(job, piece, ended, () => md5.digest("hex"));
  if (kept) return kept;
  const body = () =>
    Readable.from(piecesOf(job.source, piece), { objectMode: false, highWaterMark: PIECE_BYTES });
  launch(piece, ended, { body, landed: () => undefined });
  return undefined;
}

async function* piecesOf(source: PartSource, { at, bytes }: Piece): AsyncGenerator<Buffer> {
  for (let done = 0; done < bytes; done += PIECE_BYTES) {
    // A fresh one each time: the connection still holds the one before.
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, bytes - done));
    await source.read(piece, at + done);
    yield piece;
  }
}

/**
 * The part as the store has it, when it is made of these very bytes: by the digest that we wrote down when the store
 * confirmed it, else by its ETag, which is the MD5 of a part where nothing is encrypted.
 */
function keptPart(
  { have, known }: PartsJob,
  { number, bytes }: Piece,
  { sha256, crc32 }: BodyDigests,
  md5: () => string,
): SentPart | undefined {
  const stored = have.get(number);
  if (stored?.bytes !== bytes) return undefined;
  const line = known.get(number);
  const isOurs = line?.etag === stored.etag ? line.sha256 === sha256 : bare(stored.etag) === md5();
  return isOurs ? { number, etag: stored.etag, crc32 } : undefined;
}

const bare = (etag: string) => etag.replaceAll('"', "").toLowerCase();

async function transmit(
  { upload: { at, key, uploadId }, where, remember }: PartsJob,
  { number, bytes }: Piece,
  {
    digests,
    body,
    signal,
  }: { readonly digests: BodyDigests; readonly body: Flight["body"]; readonly signal: AbortSignal },
): Promise<SentPart> {
  const { connection, bucket } = at;
  const input = {
    Bucket: bucket,
    Key: key,
    UploadId: uploadId,
    PartNumber: number,
    ContentLength: bytes,
  };
  const { ETag } = await connection.request(
    (s3, abortSignal) => sendPart(input, { s3, abortSignal, digests, body: body() }),
    { bytes, signal },
  );
  if (ETag === undefined) throw new UnsendableError(`${where}: the store confirmed a part without an ETag`);
  await remember({ number, bytes, etag: ETag, ...digests });
  return { number, etag: ETag, crc32: digests.crc32 };
}
