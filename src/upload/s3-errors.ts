// What an S3 store or the way to it can answer, in words: what failed, where, and what to do about it. Messages of the
// store are a stranger's text; only the name of an error decides, and no message of it is shown unless nothing is known.
import { errnoOf, messageOf, UploadError } from "../errors.ts";
import { printable } from "../printable.ts";

/** Where a request went, for a person. */
export interface S3Place {
  /** `s3://bucket/prefix` */
  readonly location: string;
  readonly bucket: string;
  readonly region: string;
  /** `http://127.0.0.1:7480`, or `AWS` when the settings name none. */
  readonly endpoint: string;
}

type Words = (place: S3Place) => readonly [what: string, hint: string];

const CREDENTIALS =
  "set credentialsFile in the store's settings, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
const REACH =
  "check endpoint and region in the store's settings, and the network from this host; exhibit push sends it later";

const KNOWN: Readonly<Record<string, Words>> = {
  NoSuchBucket: ({ bucket }) => [
    `there is no bucket ${bucket}`,
    "create it, or correct url in the store's settings",
  ],
  AccessDenied: () => [
    "access denied",
    "allow s3:PutObject, s3:PutObjectTagging, s3:GetObject and s3:ListBucket on this prefix",
  ],
  InvalidAccessKeyId: () => ["the store does not know this access key", CREDENTIALS],
  SignatureDoesNotMatch: () => ["the secret key is wrong", CREDENTIALS],
  ExpiredToken: () => ["the credentials have expired", "renew them, then exhibit push"],
  InvalidToken: () => ["the session token is not valid", "renew the credentials, then exhibit push"],
  CredentialsProviderError: () => ["no credentials found", CREDENTIALS],
  RequestTimeTooSkewed: () => [
    "the clocks of this host and the store differ too much",
    "set this host's clock (chronyc tracking, timedatectl)",
  ],
  PermanentRedirect: ({ region }) => [
    `the bucket is not in region ${region}`,
    "correct region in the store's settings",
  ],
  AuthorizationHeaderMalformed: ({ region }) => [
    `the bucket is not in region ${region}`,
    "correct region in the store's settings",
  ],
  InvalidBucketName: ({ bucket }) => [
    `${bucket} is no name of a bucket`,
    "correct url in the store's settings",
  ],
  QuotaExceeded: () => ["the quota of the bucket or its owner is used up", "raise it, then exhibit push"],
  EntityTooLarge: () => [
    "the store refuses a file of this size",
    "raise the store's limit; the file stays on this host",
  ],
  NotImplemented: () => [
    "the store does not support what is asked of it (sse, or tags on sensitive files)",
    "set sse to null, or use another store",
  ],
  InvalidRequest: () => [
    "the store refuses the request as it is",
    "look at sse, kmsKeyId, lockDays and checksum in the store's settings: exhibit doctor tries each",
  ],
  NoSuchUpload: () => ["the store has forgotten the unfinished upload", "exhibit push sends the file again"],
  SlowDown: () => ["the store is overloaded", "exhibit push sends it later"],
  ServiceUnavailable: () => ["the store is not available now", "exhibit push sends it later"],
  InternalError: () => ["the store failed", "look at the store; exhibit push sends it later"],
  XAmzContentSHA256Mismatch: () => [
    "bytes were changed on the way to the store",
    "look at the network and proxies between; exhibit push sends it again",
  ],
  BadDigest: () => [
    "bytes were changed on the way to the store",
    "look at the network and proxies between; exhibit push sends it again",
  ],
  TimeoutError: ({ endpoint }) => [`no answer from ${endpoint} in time`, REACH],
  ECONNREFUSED: ({ endpoint }) => [`nothing listens at ${endpoint}`, REACH],
  ECONNRESET: ({ endpoint }) => [`${endpoint} broke the connection`, REACH],
  EPIPE: ({ endpoint }) => [`${endpoint} broke the connection`, REACH],
  EHOSTUNREACH: ({ endpoint }) => [`no way to ${endpoint}`, REACH],
  ENETUNREACH: ({ endpoint }) => [`no way to ${endpoint}`, REACH],
  ETIMEDOUT: ({ endpoint }) => [`no answer from ${endpoint} in time`, REACH],
  ENOTFOUND: ({ endpoint }) => [`no address is known for ${endpoint}`, REACH],
  EAI_AGAIN: ({ endpoint }) => [
    `the name of ${endpoint} cannot be looked up now`,
    "check DNS on this host; exhibit push sends it later",
  ],
};

const TLS = /^(?:CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|ERR_TLS_|ERR_SSL_)/;

/**
 * The name the SDK or the system gives an error: `NoSuchBucket`, `TimeoutError`, `ECONNREFUSED`; `Unknown` where an
 * answer had no body (HEAD). A connection that broke is a TimeoutError to the SDK, so the system's name goes first.
 */
export function s3ErrorName(error: unknown): string {
  return errnoOf(error) ?? (error instanceof Error ? error.name : "Unknown");
}

/** HTTP status of the answer; undefined when there was none. */
export function s3Status(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}

const TRANSIENT_NAMES = new Set([
  "ECONNRESET",
  "EPIPE",
  "EAI_AGAIN",
  "SlowDown",
  "OperationAborted",
  "ConditionalRequestConflict",
  "XAmzContentSHA256Mismatch",
  "BadDigest",
]);

/** Whether the same request may well succeed a moment later. The SDK has corrected its clock after a skew. */
export function isTransient(error: unknown): boolean {
  if (error instanceof UploadError) return false;
  const status = s3Status(error) ?? 0;
  return (
    TRANSIENT_NAMES.has(s3ErrorName(error)) ||
    s3ErrorName(error) === "RequestTimeTooSkewed" ||
    (status >= 500 && status !== 501)
  );
}

/** The UploadError for whatever was thrown while `what` was done at `place`. */
export function s3Error(error: unknown, place: S3Place): UploadError {
  if (error instanceof UploadError) return error;
  const name = s3ErrorName(error);
  const words = KNOWN[name] ?? byStatus(s3Status(error));
  if (words) {
    const [what, hint] = words(place);
    return new UploadError(`${place.location}: ${what} (${printable(name, 60)})`, { cause: error, hint });
  }
  if (TLS.test(name))
    return new UploadError(
      `${place.location}: the certificate of ${place.endpoint} is not trusted (${printable(name, 60)})`,
      {
        cause: error,
        hint: "set caFile in the store's settings to the PEM file of the certificate authority",
      },
    );
  return new UploadError(`${place.location}: ${printable(name, 60)}: ${printable(messageOf(error))}`, {
    cause: error,
  });
}

function byStatus(status: number | undefined): Words | undefined {
  if (status === 403) return KNOWN["AccessDenied"];
  if (status === 501) return KNOWN["NotImplemented"];
  return status !== undefined && status >= 500 ? KNOWN["InternalError"] : undefined;
}
