// The few requests about one object that an S3 store makes. What must stay true: what an answer claims is read back
// before it is believed.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { S3StoreSettings } from "../settings.ts";
import { UploadError } from "../errors.ts";
import { digestBody, sendObject, wantsCrc32 } from "./s3-body.ts";
import { s3ErrorName, s3Status } from "./s3-errors.ts";
import type { S3Connection, S3Request } from "./s3-client.ts";
import type { Member } from "./store.ts";

/** What a store says it holds under a key. */
export interface S3Head {
  readonly bytes: number;
  /** What its uploader said it is; absent when that was not Exhibit. */
  readonly sha256: string | undefined;
  readonly etag: string | undefined;
  readonly versionId: string | undefined;
  readonly sse: string | undefined;
  readonly kmsKeyId: string | undefined;
}

export type PutAnswer = "stored" | "exists" | "unconditional";

/** Where an object is, without the root prefix resolved again each time. */
export interface S3Bucket {
  readonly connection: S3Connection;
  readonly settings: S3StoreSettings;
  readonly bucket: string;
}

/** What is told with an object when it is made. */
export type ObjectFacts = Pick<Member, "mediaType" | "sensitivity"> & { readonly sha256?: string };

/** The tags of an object: those of the settings and ours. */
export function tagsOf(settings: S3StoreSettings, { sensitivity }: Pick<Member, "sensitivity">) {
  return { ...settings.tags, ...(sensitivity === "core" ? { "exhibit-sensitivity": "core" } : {}) };
}

export function objectHeaders({ settings }: S3Bucket, object: ObjectFacts) {
  // Not URLSearchParams, whose `+` for a blank Ceph takes for a plus.
  const tags = Object.entries(tagsOf(settings, object))
    .map((pair) => pair.map(encodeURIComponent).join("="))
    .join("&");
  return {
    ContentType: object.mediaType,
    ...(object.sha256 === undefined ? {} : { Metadata: { sha256: object.sha256 } }),
    ...(settings.sse === null ? {} : { ServerSideEncryption: settings.sse }),
    ...(settings.kmsKeyId === null ? {} : { SSEKMSKeyId: settings.kmsKeyId }),
    ...(tags === "" ? {} : { Tagging: tags }),
  };
}

/**
 * Puts one small object. With `onlyNew` nothing that is there is replaced: `exists`; a store that cannot promise this
 * answers `unconditional`, and nothing was stored.
 * @see RFC 9110 section 13.1.2 (If-None-Match)
 */
export async function putObject(
  at: S3Bucket,
  put: {
    readonly key: string;
    readonly object: ObjectFacts;
    readonly body: Buffer;
    readonly onlyNew: boolean;
  },
  signal?: AbortSignal,
): Promise<PutAnswer> {
  const { key, object, body, onlyNew } = put;
  const { connection, bucket, settings } = at;
  const digests = digestBody(body, wantsCrc32(settings));
  const input = {
    Bucket: bucket,
    Key: key,
    ContentLength: body.length,
    ...objectHeaders(at, object),
    ...(onlyNew ? { IfNoneMatch: "*" } : {}),
  };
  try {
    await connection.request((s3, abortSignal) => sendObject(input, { s3, abortSignal, digests, body }), {
      bytes: body.length,
      signal,
    });
    return "stored";
  } catch (error) {
    if (onlyNew && s3Status(error) === 412) return "exists";
    if (onlyNew && s3Status(error) === 501) return "unconditional";
    throw await explained(at, key, error);
  }
}

/**
 * A store that refuses a body before it has read it closes the connection, and its reason is lost under what we still
 * send. Asked again without a body it tells.
 */
async function explained(at: S3Bucket, key: string, error: unknown): Promise<unknown> {
  if (!["EPIPE", "ECONNRESET"].includes(s3ErrorName(error))) return error;
  return getObject(at, key, 0).then(
    () => error,
    (reason: unknown) => (s3Status(reason) === undefined ? error : reason),
  );
}

/** What is under a key; undefined when nothing is, `unknown` when the store does not let us ask. */
export async function headObject(
  at: S3Bucket,
  key: string,
  request: S3Request = {},
): Promise<S3Head | undefined | "unknown"> {
  const first = await askHead(at, key, request);
  // The answer to a HEAD has no body, so a clock that is off and a wrong key look like a right that is missing.
  if (first !== "unknown" || (await isDenied(at, key, request))) return first;
  return askHead(at, key, request);
}

async function askHead(
  { connection, bucket }: S3Bucket,
  key: string,
  request: S3Request,
): Promise<S3Head | undefined | "unknown"> {
  try {
    const head = await connection.request(
      (s3, abortSignal) => s3.headObject({ Bucket: bucket, Key: key }, { abortSignal }),
      request,
    );
    return {
      bytes: head.ContentLength ?? -1,
      sha256: head.Metadata?.["sha256"],
      etag: head.ETag,
      versionId: head.VersionId,
      sse: head.ServerSideEncryption,
      kmsKeyId: head.SSEKMSKeyId,
    };
  } catch (error) {
    if (s3Status(error) === 404) return undefined;
    if (s3Status(error) === 403) return "unknown";
    throw error;
  }
}

/** Asks for the first byte: false when that is answered, or the key is not there; throws what else is wrong. */
async function isDenied({ connection, bucket }: S3Bucket, key: string, request: S3Request): Promise<boolean> {
  try {
    await connection.request(async (s3, abortSignal) => {
      const { Body } = await s3.getObject({ Bucket: bucket, Key: key, Range: "bytes=0-0" }, { abortSignal });
      if (Body instanceof Readable) Body.destroy();
    }, request);
    return false;
  } catch (error) {
    if (s3ErrorName(error) === "AccessDenied") return true;
    if (["NoSuchKey", "InvalidRange"].includes(s3ErrorName(error))) return false;
    throw error;
  }
}

/** SHA-256 of what is stored, by reading all of it: for an object that does not say. */
export async function digestObject(
  { connection, bucket }: S3Bucket,
  key: string,
  request: S3Request,
): Promise<string> {
  return connection.request(async (s3, abortSignal) => {
    const { Body } = await s3.getObject({ Bucket: bucket, Key: key }, { abortSignal });
    const hash = createHash("sha256");
    if (Body instanceof Readable) for await (const piece of Body) hash.update(piece);
    return hash.digest("hex");
  }, request);
}

/** The bytes of one object; undefined when there is none. Throws UploadError when it has more than `limitBytes`. */
export async function getObject(
  { connection, bucket }: S3Bucket,
  key: string,
  limitBytes: number,
): Promise<Buffer | undefined> {
  try {
    return await connection.request(
      async (s3, abortSignal) => {
        const { Body, ContentLength } = await s3.getObject({ Bucket: bucket, Key: key }, { abortSignal });
        if (!(Body instanceof Readable)) throw new UploadError(`s3://${bucket}/${key}: came without a body`);
        const pieces: Buffer[] = [];
        let bytes = 0;
        for await (const piece of Body) {
          pieces.push(Buffer.from(piece));
          bytes += piece.length;
          if (bytes > limitBytes)
            throw new UploadError(`s3://${bucket}/${key}: is larger than ${limitBytes} bytes`);
        }
        if (ContentLength !== undefined && ContentLength !== bytes)
          throw new UploadError(`s3://${bucket}/${key}: ended after ${bytes} of ${ContentLength} bytes`);
        return Buffer.concat(pieces);
      },
      { bytes: limitBytes },
    );
  } catch (error) {
    // NoSuchBucket is a 404 as well, and no answer about the key.
    if (s3ErrorName(error) === "NoSuchKey") return undefined;
    throw error;
  }
}
