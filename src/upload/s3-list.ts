// What an S3 store holds, page by page.
import type { S3Bucket } from "./s3-objects.ts";
import type { StoredObject } from "./store.ts";

/** Every object below `root` whose key begins with `prefix`; keys come without the root, in order. */
export async function listObjects(
  { connection, bucket }: S3Bucket,
  root: string,
  prefix: string,
): Promise<readonly StoredObject[]> {
  const found: StoredObject[] = [];
  let next: string | undefined;
  do {
    const token: string | undefined = next;
    const page = await connection.request((s3, abortSignal) =>
      s3.listObjectsV2({ Bucket: bucket, Prefix: root + prefix, ContinuationToken: token }, { abortSignal }),
    );
    for (const { Key, Size, LastModified } of page.Contents ?? [])
      if (Key !== undefined && Size !== undefined && LastModified !== undefined)
        found.push({ key: Key.slice(root.length), bytes: Size, modifiedAt: LastModified.toISOString() });
    next = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (next !== undefined);
  return found;
}
