// Tags of an object. The digest of a file that was uploaded while it grew is one: metadata are fixed when an upload begins.
import type { S3Bucket } from "./s3-objects.ts";
import { s3Status } from "./s3-errors.ts";

export const DIGEST_TAG = "exhibit-sha256";

/** The tags of an object; undefined when the store has none to give or does not let us ask. */
export async function readTags(
  { connection, bucket }: S3Bucket,
  key: string,
  signal?: AbortSignal,
): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    const { TagSet } = await connection.request(
      (s3, abortSignal) => s3.getObjectTagging({ Bucket: bucket, Key: key }, { abortSignal }),
      { signal },
    );
    return Object.fromEntries(
      (TagSet ?? []).flatMap(({ Key, Value }) =>
        Key === undefined || Value === undefined ? [] : [[Key, Value] as const],
      ),
    );
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

/** Replaces all tags of an object; false when the store has no tags or does not let us. */
export async function writeTags(
  { connection, bucket }: S3Bucket,
  { key, tags }: { readonly key: string; readonly tags: Readonly<Record<string, string>> },
  signal?: AbortSignal,
): Promise<boolean> {
  const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  try {
    await connection.request(
      (s3, abortSignal) =>
        s3.putObjectTagging({ Bucket: bucket, Key: key, Tagging: { TagSet } }, { abortSignal }),
      { signal },
    );
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

/** 403, and what stores answer to a request that they do not know. */
export function isRefusal(error: unknown): boolean {
  return [400, 403, 404, 405, 501].includes(s3Status(error) ?? 0);
}
