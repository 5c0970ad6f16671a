// A presigned address of one object. What must stay true: the expiry that is told is the true one, and where it cannot
// be known that is said.
import type { S3Bucket } from "./s3-objects.ts";
import type { SharedLink } from "./store.ts";

/** What a signature of version 4 lasts at most; the SDK refuses more. */
export const LONGEST_LINK_SECONDS = 7 * 24 * 3600;

/** Signs without a request to the store: whether the object is there is for the caller to know. */
export async function shareObject(
  { connection, bucket }: S3Bucket,
  key: string,
  { seconds, name }: { readonly seconds: number; readonly name: string },
): Promise<SharedLink> {
  const { GetObjectCommand } = await import("@aws-sdk/client-s3");
  const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
  return connection.request(async (s3) => {
    const command = new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      ResponseContentDisposition: `attachment; filename="${name}"`,
    });
    const { sessionToken, expiration } = await s3.config.credentials();
    const url = await getSignedUrl(s3, command, { expiresIn: seconds });
    const signedUntil = signedUntilMs(url);
    // With temporary credentials it ends with their session, however long it was signed for.
    if (sessionToken === undefined) return { url, expiresAt: instantOf(signedUntil), temporary: false };
    const ends = expiration === undefined ? Number.NaN : Math.min(signedUntil, expiration.getTime());
    return { url, expiresAt: instantOf(ends), temporary: true };
  });
}

/** From the address itself, as the store reads it: `X-Amz-Date` and `X-Amz-Expires`; NaN when they are not there. */
function signedUntilMs(url: string): number {
  const query = new URL(url).searchParams;
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get("X-Amz-Date") ?? "") ?? [];
  const signedAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return signedAt + Number(query.get("X-Amz-Expires") ?? Number.NaN) * 1000;
}

function instantOf(ms: number): string | undefined {
  return Number.isFinite(ms) ? new Date(ms).toISOString().replace(".000Z", "Z") : undefined;
}
