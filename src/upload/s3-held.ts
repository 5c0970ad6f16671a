// What a store holds under a key, compared with what it should hold.
import { UploadError } from "../errors.ts";
import type { ObjectProof } from "./object-proof.ts";
import { conflict } from "./refusals.ts";
import { adoptedDigest } from "./s3-adopt.ts";
import { digestObject, headObject, tagsOf, type S3Bucket, type S3Head } from "./s3-objects.ts";
import { lockDaysOf, retain } from "./s3-retention.ts";
import { DIGEST_TAG, readTags } from "./s3-tags.ts";
import type { Member, PutOptions } from "./store.ts";

/** One member on its way to one key. */
export interface Held {
  readonly at: S3Bucket;
  readonly key: string;
  /** `s3://bucket/key` */
  readonly where: string;
  /** The same with the endpoint: its name in the journal. */
  readonly object: string;
  readonly member: Member;
  readonly options: PutOptions;
}

/** The object when the store holds the same bytes. Throws when a write-once key holds others, or cannot be looked at. */
export async function findSame(held: Held): Promise<S3Head | undefined> {
  const { at, key, where, member, options } = held;
  const head = await headObject(at, key, { signal: options.signal });
  if (head === undefined) return undefined;
  if (head === "unknown") {
    if (!member.exclusive) return undefined;
    throw new UploadError(`${where}: whether it is there cannot be seen`, {
      hint: "allow s3:GetObject and s3:ListBucket on this prefix",
    });
  }
  const found = await foundDigest(held, head);
  if (found === member.sha256 && head.bytes === member.bytes) return head;
  if (member.exclusive) throw conflict(where, found, member.sha256);
  return undefined;
}

/** What an object holds: what its uploader said, else what its bytes say if there are as many as ours. */
async function foundDigest(held: Held, head: S3Head): Promise<string | undefined> {
  const {
    at,
    key,
    member,
    options: { signal },
  } = held;
  if (head.sha256 !== undefined) return head.sha256;
  if (head.bytes !== member.bytes) return undefined;
  const tagged = (await readTags(at, key, signal))?.[DIGEST_TAG];
  return tagged ?? (await adoptedDigest(held, head)) ?? digestObject(at, key, { bytes: head.bytes, signal });
}

/** Reads back that the store has what it said it stored; `sha256` is undefined where the object does not say its own. */
export async function confirm(
  { at, key, where, options: { signal } }: Omit<Held, "member">,
  { bytes, sha256 }: { readonly bytes: number; readonly sha256: string | undefined },
): Promise<S3Head> {
  const head = await headObject(at, key, { signal });
  if (head === "unknown")
    throw new UploadError(`${where}: was put, but may not be read back`, {
      hint: "allow s3:GetObject on this prefix",
    });
  if (head === undefined)
    throw new UploadError(`${where}: the store confirmed it, and does not have it`, {
      hint: "look at the store; exhibit push sends it again",
    });
  if (head.bytes === bytes && head.sha256 === sha256) return head;
  throw new UploadError(
    `${where}: the store holds ${head.bytes} bytes with SHA-256 ${head.sha256 ?? "unknown"}, sent were ${bytes} with ${sha256 ?? "one that it was not told"}`,
    { hint: "look at the store and at what lies between; exhibit push sends it again" },
  );
}

/** Locks the object where the settings say so, and says what the store made of everything that was asked for. */
export async function proveObject(
  {
    at,
    key,
    member,
    options: { signal },
  }: Pick<Held, "at" | "key" | "options"> & {
    readonly member: Pick<Member, "sensitivity">;
  },
  { etag, versionId, sse, kmsKeyId }: S3Head,
): Promise<ObjectProof> {
  const days = lockDaysOf(at.settings, member);
  const wanted = Object.entries(tagsOf(at.settings, member));
  const tags = wanted.length > 0 ? await readTags(at, key, signal) : undefined;
  const asked = at.settings.sse;
  const encrypted = {
    ...(sse === undefined ? {} : { found: sse }),
    ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
  };
  const clockOffsetMs = at.connection.clockOffsetMs();
  return {
    ...(etag === undefined ? {} : { etag }),
    ...(versionId === undefined ? {} : { versionId }),
    ...(asked === null ? {} : { encryption: { asked, ...encrypted } }),
    ...(wanted.length === 0 ? {} : { tagged: wanted.every(([name, value]) => tags?.[name] === value) }),
    ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
    ...(days === undefined ? {} : { retention: await retain(at, { key, versionId, days }, signal) }),
  };
}
