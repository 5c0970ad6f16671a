// An object that was made of our parts by a run that was killed before it could say so. Its ETag names the parts, the
// journal their digests, and the file on this host has to have the same: nothing need be read back over the network.
import { createHash } from "node:crypto";
import { etagOfParts } from "./s3-big.ts";
import type { Held } from "./s3-held.ts";
import type { S3Head } from "./s3-objects.ts";
import { openSource } from "./source.ts";
import type { JournalPart } from "./upload-journal.ts";

const PIECE_BYTES = 1024 ** 2;

/** The digest of the object when it is made of this very file; undefined when that cannot be told. */
export async function adoptedDigest(
  { member, object, options }: Pick<Held, "member" | "object" | "options">,
  head: S3Head,
): Promise<string | undefined> {
  const parts = [...(options.journal?.begun(object)?.parts.values() ?? [])].toSorted(
    (one, other) => one.number - other.number,
  );
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const isWhole = parts.length > 0 && parts.every(({ number }, index) => number === index + 1);
  if (!isWhole || bytes !== head.bytes || etagOfParts(parts.map(({ etag }) => etag)) !== head.etag)
    return undefined;
  await using file = await openSource(member);
  const whole = createHash("sha256");
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  let at = 0;
  const digestPart = async ({ bytes: size }: JournalPart): Promise<string> => {
    const hash = createHash("sha256");
    for (const end = at + size; at < end;) {
      const { bytesRead } = await file.read(piece, 0, Math.min(PIECE_BYTES, end - at), at);
      if (bytesRead === 0) break;
      for (const one of [hash, whole]) one.update(piece.subarray(0, bytesRead));
      at += bytesRead;
    }
    return hash.digest("hex");
  };
  for (const part of parts) if ((await digestPart(part)) !== part.sha256) return undefined;
  return whole.digest("hex");
}
