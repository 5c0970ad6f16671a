// An S3-compatible store: one key per file below one prefix of a bucket. What must stay true: an exclusive key is never
// overwritten, also where the store itself cannot promise that; what was put is read back before it counts.
import { hostname } from "node:os";
import { UploadError } from "../errors.ts";
import type { S3StoreSettings } from "../settings.ts";
import { assertSafeKey, keySegment } from "./keys.ts";
import { conflict } from "./refusals.ts";
import { connectS3, naming, type S3Timeouts } from "./s3-client.ts";
import { s3ErrorName, type S3Place } from "./s3-errors.ts";
import { listObjects } from "./s3-list.ts";
import { listObjectPage, reading, readObjectRange } from "./s3-read.ts";
import { shareObject } from "./s3-share.ts";
import { digestObject, getObject, headObject, putObject, type S3Bucket, type S3Head } from "./s3-objects.ts";
import type { Member, Store } from "./store.ts";
import { UnsendableError } from "./unsendable.ts";

/** What S3 takes in one PutObject. */
const ONE_PUT_BYTES = 5 * 1024 ** 3;
/** Up to here a file is sent without asking whether it is there: one request instead of two. */
const SMALL_BYTES = 8 * 1024 ** 2;

/** `s3://bucket/prefix` taken apart; the prefix has no slash at either end. */
export function parseS3Url(url: string): { readonly bucket: string; readonly prefix: string } {
  const [bucket = "", ...rest] = url.replace(/^s3:\/\//, "").split("/");
  return { bucket, prefix: rest.filter((segment) => segment !== "").join("/") };
}

/** Opens an S3 store; nothing is loaded or connected before the first request. Its errors are UploadErrors. */
export function openS3Store(
  name: string,
  settings: S3StoreSettings,
  timeouts: Partial<S3Timeouts> = {},
): Store {
  const { bucket, prefix } = parseS3Url(settings.url);
  const root = prefix === "" ? "" : `${prefix}/`;
  const location = `s3://${bucket}${prefix === "" ? "" : `/${prefix}`}`;
  const place: S3Place = { location, bucket, region: settings.region, endpoint: settings.endpoint ?? "AWS" };
  const at: S3Bucket = { connection: connectS3(settings, place, timeouts), settings, bucket };
  const keyOf = (key: string): string => {
    assertSafeKey(key);
    return root + key;
  };
  // Whether the store honours If-None-Match; some answer 501 to it.
  let conditional = true;

  const put = async (member: Member, signal?: AbortSignal): Promise<"stored" | "present"> => {
    const key = keyOf(member.key);
    const where = `s3://${bucket}/${key}`;
    if (member.bytes > ONE_PUT_BYTES)
      throw new UnsendableError(
        `${where}: ${member.bytes} bytes are more than the 5 GiB that one request may carry`,
        {
          hint: `the file stays on this host: ${member.path}`,
        },
      );
    const ask = member.bytes > SMALL_BYTES || !conditional;
    if (ask && (await holds({ at, key, where, member }, signal))) return "present";
    const answer = await putObject(
      at,
      { key, member, onlyNew: conditional && (member.exclusive || !ask) },
      signal,
    );
    if (answer === "unconditional") {
      conditional = false;
      return put(member, signal);
    }
    if (answer === "exists") {
      if (await holds({ at, key, where, member }, signal)) return "present";
      await putObject(at, { key, member, onlyNew: false }, signal);
    }
    if (member.exclusive || ask) await confirm({ at, key, where, member }, signal);
    return "stored";
  };

  return {
    name,
    type: "s3",
    location,
    url: (key) => `s3://${bucket}/${keyOf(key)}`,
    put: (member, signal) => naming(place, () => put(member, signal)),
    get: (key, limitBytes) => reading(place, () => getObject(at, keyOf(key), limitBytes)),
    list: (below) => reading(place, () => listObjects(at, root, below)),
    readRange: (key, range, signal) =>
      reading(place, () => readObjectRange(at, keyOf(key), { range, signal })),
    listPage: (below, after) => reading(place, () => listObjectPage(at, root, { prefix: below, after })),
    share: (key, options) => reading(place, () => shareObject(at, keyOf(key), options)),
    check: () => naming(place, () => tryOut(at, `${root}exhibit-check/${keySegment(hostname())}`)),
  };
}

interface Held {
  readonly at: S3Bucket;
  readonly key: string;
  readonly where: string;
  readonly member: Member;
}

/** Whether the store holds the same bytes. Throws when an exclusive key holds others, or cannot be looked at. */
async function holds({ at, key, where, member }: Held, signal?: AbortSignal): Promise<boolean> {
  const head = await headObject(at, key, { signal });
  if (head === undefined) return false;
  if (head === "unknown") {
    if (!member.exclusive) return false;
    throw new UploadError(`${where}: whether it is there cannot be seen`, {
      hint: "allow s3:GetObject and s3:ListBucket on this prefix",
    });
  }
  const found = await foundDigest({ at, key, where, member }, head, signal);
  if (found === member.sha256 && head.bytes === member.bytes) return true;
  if (member.exclusive) throw conflict(where, found, member.sha256);
  return false;
}

/** What an object holds: what its uploader said, else what its bytes say if there are as many as ours. */
async function foundDigest(
  { at, key, member }: Held,
  head: S3Head,
  signal?: AbortSignal,
): Promise<string | undefined> {
  if (head.sha256 !== undefined) return head.sha256;
  return head.bytes === member.bytes ? digestObject(at, key, { bytes: head.bytes, signal }) : undefined;
}

/** Reads back that the store has what it said it stored. */
async function confirm({ at, key, where, member }: Held, signal?: AbortSignal): Promise<void> {
  const head = await headObject(at, key, { signal });
  if (head === "unknown")
    throw new UploadError(`${where}: was put, but may not be read back`, {
      hint: "allow s3:GetObject on this prefix",
    });
  if (head === undefined)
    throw new UploadError(`${where}: the store confirmed it, and does not have it`, {
      hint: "look at the store; exhibit push sends it again",
    });
  if (head.bytes === member.bytes && head.sha256 === member.sha256) return;
  throw new UploadError(
    `${where}: the store holds ${head.bytes} bytes with SHA-256 ${head.sha256 ?? "unknown"}, sent were ${member.bytes} with ${member.sha256}`,
    {
      hint: "look at the store and at what lies between; exhibit push sends it again",
    },
  );
}

/** Puts, reads back and removes one small object. */
async function tryOut(at: S3Bucket, key: string): Promise<void> {
  const text = "exhibit tries whether bundles can be kept here\n";
  const { connection, bucket, settings } = at;
  const sse = settings.sse === null ? {} : { ServerSideEncryption: settings.sse };
  await connection.request((s3, abortSignal) =>
    s3.putObject({ Bucket: bucket, Key: key, Body: text, ...sse }, { abortSignal }),
  );
  const found = await getObject(at, key, 1024);
  if (found?.toString("utf8") !== text)
    throw new UploadError(`s3://${bucket}/${key}: came back with other bytes than were put`);
  try {
    await connection.request((s3, abortSignal) =>
      s3.deleteObject({ Bucket: bucket, Key: key }, { abortSignal }),
    );
  } catch (error) {
    // Credentials that may not delete are the best ones for evidence; the next try puts the same key.
    if (s3ErrorName(error) !== "AccessDenied") throw error;
  }
}
