// What a store really does, found out with one tiny object before there is evidence to lose. Nothing stays that may be
// removed; credentials that may not delete are the best ones for evidence, and then the next trial uses the same key.
import { randomUUID } from "node:crypto";
import { UploadError } from "../errors.ts";
import { digestBody, sendObject, sendPart, wantsCrc32 } from "./s3-body.ts";
import { s3ErrorName } from "./s3-errors.ts";
import { listObjects } from "./s3-list.ts";
import { abortUpload, beginUpload, completeUpload, listParts, listUploads } from "./s3-multipart.ts";
import { getObject, headObject, objectHeaders, putObject, tagsOf, type S3Bucket } from "./s3-objects.ts";
import { lockDaysOf, retain } from "./s3-retention.ts";
import { isRefusal, readTags } from "./s3-tags.ts";
import type { StoreLack, StoreTrial } from "./store.ts";

/** As short as a lock can be: afterwards the object can be removed. */
const LOCK_DAYS = 3 / 86_400;
const OBJECT = { mediaType: "text/plain", sensitivity: "core" } as const;

/** Tries everything that an upload asks of a store. Throws what makes it useless. */
export async function tryOut(at: S3Bucket, key: string): Promise<StoreTrial> {
  const proven: string[] = [];
  const missing: StoreLack[] = [];
  const body = Buffer.from(`exhibit tries whether bundles can be kept here: ${randomUUID()}\n`);
  try {
    await putPlain(at, key, body);
    proven.push("put");
    if (!(await getObject(at, key, 1024))?.equals(body))
      throw new UploadError(`s3://${at.bucket}/${key}: came back with other bytes than were put`);
    proven.push("read back");
    const again = await putObject(at, { key, object: OBJECT, body, onlyNew: true });
    if (again === "exists") proven.push("conditional put");
    else missing.push(LACKS.condition);
    await listObjects(at, key, "");
    proven.push("list");
    await tryMultipart(at, key, { proven, missing });
    await trySettings(at, key, { proven, missing });
  } finally {
    await remove(at, key).catch(() => undefined);
    await remove(at, `${key}.parts`).catch(() => undefined);
  }
  return { proven, missing };
}

const LACKS = {
  condition: {
    what: "conditional put (If-None-Match)",
    fix: "nothing to do: exhibit looks before it writes; a store with conditional writes is safer",
    asked: false,
  },
  multipart: {
    what: "resuming a multipart upload",
    fix: "allow s3:ListMultipartUploadParts, s3:ListBucketMultipartUploads and s3:AbortMultipartUpload",
    asked: true,
  },
  tags: {
    what: "tags",
    fix: "allow s3:PutObjectTagging and s3:GetObjectTagging",
    asked: false,
  },
} as const;

/** The existing object of an earlier trial is replaced: this key alone is not write-once. */
async function putPlain(at: S3Bucket, key: string, body: Buffer): Promise<void> {
  const digests = digestBody(body, wantsCrc32(at.settings));
  const input = { Bucket: at.bucket, Key: key, ContentLength: body.length, ...objectHeaders(at, OBJECT) };
  await at.connection.request((s3, abortSignal) => sendObject(input, { s3, abortSignal, digests, body }));
}

interface Found {
  readonly proven: string[];
  readonly missing: StoreLack[];
}

/** One part is enough: the last one may be of any size. What is asked is whether another run would find it. */
async function tryMultipart(at: S3Bucket, key: string, { proven, missing }: Found): Promise<void> {
  const { signal } = new AbortController();
  const target = `${key}.parts`;
  const uploadId = await beginUpload(at, { ...OBJECT, key: target }, signal);
  const upload = { at, key: target, uploadId };
  try {
    const body = Buffer.from("a part\n");
    const digests = digestBody(body, wantsCrc32(at.settings));
    const input = {
      Bucket: at.bucket,
      Key: target,
      UploadId: uploadId,
      PartNumber: 1,
      ContentLength: body.length,
    };
    const { ETag = "" } = await at.connection.request((s3, abortSignal) =>
      sendPart(input, { s3, abortSignal, digests, body }),
    );
    const found = await listParts(upload, signal);
    const uploads = await listUploads(at, target, signal);
    if (found?.get(1)?.bytes !== body.length || !uploads.includes(uploadId)) missing.push(LACKS.multipart);
    await completeUpload(
      upload,
      { parts: [{ number: 1, etag: ETag, crc32: digests.crc32 }], onlyNew: false },
      signal,
    );
    if (!(await getObject(at, target, 1024))?.equals(body)) missing.push(LACKS.multipart);
    if (!missing.includes(LACKS.multipart)) proven.push("multipart and resume");
  } catch (error) {
    if (!isRefusal(error)) throw error;
    missing.push(LACKS.multipart);
    await abortUpload(upload).catch(() => undefined);
  }
}

async function trySettings(at: S3Bucket, key: string, { proven, missing }: Found): Promise<void> {
  const { settings } = at;
  const head = await headObject(at, key);
  const found = typeof head === "object" ? head : undefined;
  const wanted = tagsOf(settings, OBJECT);
  const tags = await readTags(at, key);
  if (Object.entries(wanted).every(([name, value]) => tags?.[name] === value)) proven.push("tags");
  else missing.push(LACKS.tags);
  if (settings.sse !== null) {
    if (found?.sse === settings.sse) proven.push(`encryption ${settings.sse}`);
    else
      missing.push({
        what: `encryption ${settings.sse} (the store does not say that it encrypted)`,
        fix: "ask who runs the store; or set sse to null and let the bucket encrypt",
        asked: true,
      });
  }
  const days = lockDaysOf(settings, { sensitivity: "text" }) ?? lockDaysOf(settings, OBJECT);
  if (days === undefined) return;
  if (found?.versionId === undefined) {
    missing.push({
      what: "versioning, without which there is no Object Lock",
      fix: "make a bucket with Object Lock, or set lockDays to null",
      asked: true,
    });
    return;
  }
  const retention = await retain(at, {
    key,
    versionId: found.versionId,
    days: LOCK_DAYS,
  });
  if ("until" in retention) proven.push(`Object Lock (${retention.mode})`);
  else
    missing.push({
      what: `Object Lock (${retention.missing})`,
      fix: "make a bucket with Object Lock and allow s3:PutObjectRetention and s3:GetObjectRetention, or set lockDays to null",
      asked: true,
    });
}

async function remove({ connection, bucket }: S3Bucket, key: string): Promise<void> {
  try {
    await connection.request((s3, abortSignal) =>
      s3.deleteObject({ Bucket: bucket, Key: key }, { abortSignal }),
    );
  } catch (error) {
    if (s3ErrorName(error) !== "AccessDenied") throw error;
  }
}
