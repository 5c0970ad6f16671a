// The requests of a multipart upload, and what each may answer.
import type { CompletedPart } from "@aws-sdk/client-s3";
import { UploadError } from "../errors.ts";
import { wantsCrc32 } from "./s3-body.ts";
import { s3ErrorName, s3Status } from "./s3-errors.ts";
import { objectHeaders, type ObjectFacts, type S3Bucket } from "./s3-objects.ts";

/** One upload under way. */
export interface S3Upload {
  readonly at: S3Bucket;
  readonly key: string;
  readonly uploadId: string;
}

export interface StoredPart {
  readonly bytes: number;
  readonly etag: string;
}

/** Begins an upload; resolves with its id. */
export async function beginUpload(
  at: S3Bucket,
  object: ObjectFacts & { readonly key: string },
  signal?: AbortSignal,
): Promise<string> {
  const { connection, bucket, settings } = at;
  const input = {
    Bucket: bucket,
    Key: object.key,
    ...objectHeaders(at, object),
    ...(wantsCrc32(settings) ? { ChecksumAlgorithm: "CRC32" as const } : {}),
  };
  const { UploadId } = await connection.request(
    (s3, abortSignal) => s3.createMultipartUpload(input, { abortSignal }),
    { signal },
  );
  if (UploadId === undefined)
    throw new UploadError(`s3://${bucket}/${object.key}: the store began an upload and gave it no id`);
  return UploadId;
}

/** The parts that the store has of an upload; undefined when it knows no such upload (any more). */
export async function listParts(
  { at: { connection, bucket }, key, uploadId }: S3Upload,
  signal?: AbortSignal,
): Promise<ReadonlyMap<number, StoredPart> | undefined> {
  const found = new Map<number, StoredPart>();
  let marker: string | undefined;
  try {
    do {
      const after: string | undefined = marker;
      const page = await connection.request(
        (s3, abortSignal) =>
          s3.listParts(
            { Bucket: bucket, Key: key, UploadId: uploadId, PartNumberMarker: after },
            { abortSignal },
          ),
        { signal },
      );
      for (const { PartNumber, Size, ETag } of page.Parts ?? [])
        if (PartNumber !== undefined && Size !== undefined && ETag !== undefined)
          found.set(PartNumber, { bytes: Size, etag: ETag });
      marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
    } while (marker !== undefined);
    return found;
  } catch (error) {
    if (s3ErrorName(error) === "NoSuchUpload") return undefined;
    throw error;
  }
}

/** The ids of all unfinished uploads of exactly this key. */
export async function listUploads(
  { connection, bucket }: S3Bucket,
  key: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const found: string[] = [];
  let next: { readonly KeyMarker?: string; readonly UploadIdMarker?: string } | undefined = {};
  while (next) {
    const markers: { readonly KeyMarker?: string; readonly UploadIdMarker?: string } = next;
    const page = await connection.request(
      (s3, abortSignal) =>
        s3.listMultipartUploads({ Bucket: bucket, Prefix: key, ...markers }, { abortSignal }),
      { signal },
    );
    for (const { Key, UploadId } of page.Uploads ?? [])
      if (Key === key && UploadId !== undefined) found.push(UploadId);
    const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page;
    // Keys come in order: past ours there is nothing of ours.
    const isPast = NextKeyMarker !== undefined && NextKeyMarker > key;
    next =
      IsTruncated && NextKeyMarker !== undefined && !isPast
        ? {
            KeyMarker: NextKeyMarker,
            ...(NextUploadIdMarker === undefined ? {} : { UploadIdMarker: NextUploadIdMarker }),
          }
        : undefined;
  }
  return found;
}

/** Gives an upload up; one that is gone already is no error. */
export async function abortUpload(
  { at: { connection, bucket }, key, uploadId }: S3Upload,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await connection.request(
      (s3, abortSignal) =>
        s3.abortMultipartUpload({ Bucket: bucket, Key: key, UploadId: uploadId }, { abortSignal }),
      { signal },
    );
  } catch (error) {
    if (s3ErrorName(error) !== "NoSuchUpload") throw error;
  }
}

export interface SentPart {
  readonly number: number;
  readonly etag: string;
  readonly crc32?: string | undefined;
}

/** Makes the object of its parts. With `onlyNew`, on stores that honour it here, `exists` when the key has one. */
export async function completeUpload(
  { at: { connection, bucket }, key, uploadId }: S3Upload,
  { parts, onlyNew }: { readonly parts: readonly SentPart[]; readonly onlyNew: boolean },
  signal?: AbortSignal,
): Promise<"completed" | "exists"> {
  const list = parts.map(({ number, etag, crc32 }): CompletedPart => ({
    PartNumber: number,
    ETag: etag,
    ...(crc32 === undefined ? {} : { ChecksumCRC32: crc32 }),
  }));
  try {
    await connection.request(
      (s3, abortSignal) =>
        s3.completeMultipartUpload(
          {
            Bucket: bucket,
            Key: key,
            UploadId: uploadId,
            MultipartUpload: { Parts: list },
            ...(onlyNew ? { IfNoneMatch: "*" } : {}),
          },
          { abortSignal },
        ),
      { signal, patienceMs: COMPLETE_MS },
    );
    return "completed";
  } catch (error) {
    if (onlyNew && s3Status(error) === 412) return "exists";
    throw error;
  }
}

/** "Processing of a Complete Multipart Upload request could take several minutes" (Amazon S3 API Reference). */
const COMPLETE_MS = 600_000;
