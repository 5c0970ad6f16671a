// The few requests that an S3 store makes. What must stay true: the store itself checks every byte it is sent (the
// signed x-amz-content-sha256 is what S3-compatible stores really enforce, while some accept and ignore checksums), and
// what an answer claims is read back before it is believed.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { PutObjectCommandInput } from "@aws-sdk/client-s3";
import type { S3StoreSettings } from "../settings.ts";
import { UploadError } from "../errors.ts";
import { openDeadline } from "../host/deadline.ts";
import { s3ErrorName, s3Status } from "./s3-errors.ts";
import type { S3Connection, S3Request } from "./s3-client.ts";
import { openSource, readChecked } from "./source.ts";
import type { Member } from "./store.ts";

/** What a store says it holds under a key. */
export interface S3Head {
  readonly bytes: number;
  /** What its uploader said it is; absent when that was not Exhibit. */
  readonly sha256: string | undefined;
}

export type PutAnswer = "stored" | "exists" | "unconditional";

/** Where an object is, without the root prefix resolved again each time. */
export interface S3Bucket {
  readonly connection: S3Connection;
  readonly settings: S3StoreSettings;
  readonly bucket: string;
}

/**
 * Puts one file. With `onlyNew` nothing that is there is replaced: `exists`; a store that cannot promise this answers
 * `unconditional`, and nothing was stored.
 * @see RFC 9110 section 13.1.2 (If-None-Match)
 */
export async function putObject(
  { connection, settings, bucket }: S3Bucket,
  put: { readonly key: string; readonly member: Member; readonly onlyNew: boolean },
  signal?: AbortSignal,
): Promise<PutAnswer> {
  const { member, key, onlyNew } = put;
  const input = {
    Bucket: bucket,
    Key: key,
    ContentLength: member.bytes,
    ContentType: member.mediaType,
    ChecksumSHA256: Buffer.from(member.sha256, "hex").toString("base64"),
    Metadata: { sha256: member.sha256 },
    ...(onlyNew ? { IfNoneMatch: "*" } : {}),
    ...(settings.sse === null ? {} : { ServerSideEncryption: settings.sse }),
    ...(member.sensitivity === "core" ? { Tagging: "exhibit-sensitivity=core" } : {}),
  };
  try {
    await connection.request((s3, abortSignal) => sendFile(input, member, { s3, abortSignal }), {
      bytes: member.bytes,
      signal,
    });
    return "stored";
  } catch (error) {
    if (onlyNew && s3Status(error) === 412) return "exists";
    if (onlyNew && s3Status(error) === 501) return "unconditional";
    throw error;
  }
}

async function sendFile(
  input: Omit<PutObjectCommandInput, "Body">,
  member: Member,
  {
    s3,
    abortSignal,
  }: {
    readonly s3: Parameters<Parameters<S3Connection["request"]>[0]>[0];
    readonly abortSignal: AbortSignal;
  },
): Promise<void> {
  const { PutObjectCommand } = await import("@aws-sdk/client-s3");
  await using source = await openSource(member);
  const body = Readable.from(readChecked(source, member, { fresh: true }), {
    objectMode: false,
    highWaterMark: 1024 ** 2,
  });
  const command = new PutObjectCommand({ ...input, Body: body });
  // The signer keeps a digest that is already there, so the body need not be read twice.
  command.middlewareStack.add(
    (next) => (args) => {
      if (typeof args.request === "object" && args.request !== null && "headers" in args.request)
        Object.assign(args.request.headers ?? {}, { "x-amz-content-sha256": member.sha256 });
      return next(args);
    },
    { step: "build", name: "exhibitContentDigest" },
  );
  // A body that fails does not end its request by itself: pipe() forwards no errors.
  const ending = new AbortController();
  let broken: Error | undefined;
  body.once("error", (error) => {
    broken = error;
    ending.abort();
  });
  const either = openDeadline(Number.POSITIVE_INFINITY, abortSignal, ending.signal);
  try {
    await s3.send(command, { abortSignal: either.signal });
  } catch (error) {
    throw broken ?? error;
  } finally {
    either.close();
    body.destroy();
  }
}

/** What is under a key; undefined when nothing is, `unknown` when the store does not let us ask. */
export async function headObject(
  { connection, bucket }: S3Bucket,
  key: string,
  request: S3Request = {},
): Promise<S3Head | undefined | "unknown"> {
  try {
    const head = await connection.request(
      (s3, abortSignal) => s3.headObject({ Bucket: bucket, Key: key }, { abortSignal }),
      request,
    );
    return { bytes: head.ContentLength ?? -1, sha256: head.Metadata?.["sha256"] };
  } catch (error) {
    if (s3Status(error) === 404) return undefined;
    if (s3Status(error) === 403) return "unknown";
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
