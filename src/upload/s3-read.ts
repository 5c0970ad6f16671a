// Reading from an S3 store: ranges of an object and pages of a listing, each one request. What must stay true: a body
// that was cut is asked for again and never taken for the whole; what is larger than asked for is not read.
import { Readable } from "node:stream";
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { UploadError } from "../errors.ts";
import { s3Error, s3ErrorName, s3Status, type S3Place } from "./s3-errors.ts";
import { headObject, type S3Bucket } from "./s3-objects.ts";
import type { ByteRange, StoredPage, StoredRange } from "./store.ts";

/** Some bytes of one object; undefined when there is none. */
export async function readObjectRange(
  at: S3Bucket,
  key: string,
  { range, signal }: { readonly range: ByteRange; readonly signal: AbortSignal | undefined },
): Promise<StoredRange | undefined> {
  const where = `s3://${at.bucket}/${key}`;
  const bytes = "last" in range ? range.last : range.bytes;
  try {
    return await at.connection.request(
      async (s3, abortSignal) =>
        takeRange(
          await s3.getObject({ Bucket: at.bucket, Key: key, Range: headerOf(range) }, { abortSignal }),
          { where, limitBytes: bytes },
        ),
      { bytes, signal },
    );
  } catch (error) {
    // NoSuchBucket is a 404 as well, and no answer about the key.
    if (s3ErrorName(error) === "NoSuchKey") return undefined;
    // Not satisfiable: the object ends before the range begins, as an empty one always does (RFC 9110, 15.5.17).
    if (s3Status(error) === 416) return nothingThere(at, key);
    throw error;
  }
}

/** RFC 9110, 14.1.2: both ends count; the last N bytes are all bytes of what has fewer. */
function headerOf(range: ByteRange): string {
  return "last" in range ? `bytes=-${range.last}` : `bytes=${range.from}-${range.from + range.bytes - 1}`;
}

async function nothingThere(at: S3Bucket, key: string): Promise<StoredRange | undefined> {
  const head = await headObject(at, key);
  if (head === undefined) return undefined;
  if (head === "unknown") throw new UploadError(`s3://${at.bucket}/${key}: its size may not be asked`);
  return { data: Buffer.alloc(0), from: head.bytes, totalBytes: head.bytes };
}

async function takeRange(
  { Body, ContentLength, ContentRange }: GetObjectCommandOutput,
  { where, limitBytes }: { readonly where: string; readonly limitBytes: number },
): Promise<StoredRange> {
  if (!(Body instanceof Readable)) throw new UploadError(`${where}: came without a body`);
  try {
    const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange ?? "") ?? [];
    // A store that knows no ranges sends all of it from the beginning.
    const from = Number(first ?? 0);
    const bytes = last === undefined ? ContentLength : Number(last) - from + 1;
    if (bytes === undefined) throw new UploadError(`${where}: came without its size`);
    if (bytes > limitBytes)
      throw new UploadError(`${where}: the store sent ${bytes} bytes where ${limitBytes} were asked for`, {
        hint: "it must answer ranged requests (RFC 9110, section 14)",
      });
    return {
      data: await readExactly(Body, bytes),
      from,
      totalBytes: total === undefined ? bytes : Number(total),
    };
  } finally {
    Body.destroy();
  }
}

async function readExactly(body: Readable, bytes: number): Promise<Buffer> {
  const data = Buffer.allocUnsafe(bytes);
  let at = 0;
  for await (const piece of body) {
    if (!(piece instanceof Uint8Array) || at + piece.length > bytes)
      throw cut("more bytes came than were announced");
    data.set(piece, at);
    at += piece.length;
  }
  if (at < bytes) throw cut(`the connection ended after ${at} of ${bytes} bytes`);
  return data;
}

/** Called as the system calls it, so that the request is made again. */
function cut(message: string): Error {
  return Object.assign(new Error(message), { code: "ECONNRESET" });
}

/** At most 1,000 objects, the most that S3 lists at once. */
export async function listObjectPage(
  { connection, bucket }: S3Bucket,
  root: string,
  { prefix, after }: { readonly prefix: string; readonly after: string },
): Promise<StoredPage> {
  const page = await connection.request((s3, abortSignal) =>
    s3.listObjectsV2(
      { Bucket: bucket, Prefix: root + prefix, ...(after === "" ? {} : { StartAfter: root + after }) },
      { abortSignal },
    ),
  );
  const objects = (page.Contents ?? []).flatMap(({ Key, Size, LastModified }) =>
    Key === undefined || Size === undefined || LastModified === undefined
      ? []
      : [{ key: Key.slice(root.length), bytes: Size, modifiedAt: LastModified.toISOString() }],
  );
  return { objects, isLast: page.IsTruncated !== true || objects.length === 0 };
}

/** Where objects of one store are: a root in a bucket, with words for a person. */
interface Place {
  readonly place: S3Place;
  readonly at: S3Bucket;
  readonly root: string;
}

/** A page of all `places` together, in the order of keys: of what one place has not told yet nothing that follows is told. */
export async function listPageOf(
  places: readonly Place[],
  request: { readonly prefix: string; readonly after: string },
): Promise<StoredPage> {
  const pages = await Promise.all(
    places.map(({ place, at, root }) => reading(place, () => listObjectPage(at, root, request))),
  );
  const ends = pages.flatMap(({ objects, isLast }) => (isLast ? [] : [objects.at(-1)?.key ?? ""]));
  const end = ends.toSorted()[0];
  const objects = pages
    .flatMap((page) => page.objects)
    .filter(({ key }) => end === undefined || key <= end)
    .toSorted((one, other) => (one.key < other.key ? -1 : 1));
  return { objects, isLast: end === undefined };
}

/** Runs `work` and turns whatever it throws into an UploadError about this store, for somebody who reads. */
export async function reading<T>(place: S3Place, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { message, hint, cause } = s3Error(error, place);
    const told = s3Status(error) === 403 ? hintOnAccess(error, hint) : hint;
    // What comes next is no push.
    const kept = told?.replace(/(?:[;,] (?:then )?|^)exhibit push\b[^;]*/, "");
    throw new UploadError(message, { cause, ...(kept ? { hint: kept } : {}) });
  }
}

function hintOnAccess(error: unknown, hint: string | undefined): string | undefined {
  return s3ErrorName(error) === "AccessDenied" ? "allow s3:GetObject and s3:ListBucket on this prefix" : hint;
}
