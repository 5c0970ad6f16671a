// Requests with a body, proven on the way. The digest that goes into the signature (x-amz-content-sha256) is computed by
// us, once: stores refuse a body that does not have it (measured on Ceph and Swift), while several accept and ignore
// checksums. AWS wants a checksum header as well where Object Lock is on (Amazon S3 User Guide, "Object Lock").
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import type {
  PutObjectCommandInput,
  PutObjectCommandOutput,
  S3,
  UploadPartCommandInput,
  UploadPartCommandOutput,
} from "@aws-sdk/client-s3";
import type { S3StoreSettings } from "../settings.ts";

export interface BodyDigests {
  /** Lower-case hex. */
  readonly sha256: string;
  /** Base64, as S3 writes it. */
  readonly crc32?: string;
}

/** Whether parts and files get a CRC-32 header beside the signature. */
export function wantsCrc32({ checksum, lockDays, endpoint }: S3StoreSettings): boolean {
  return checksum === "crc32" || (checksum === "auto" && lockDays !== null && endpoint === null);
}

/** Digests of a body that comes in pieces. */
export function startDigests(withCrc32: boolean): {
  readonly update: (piece: Buffer) => void;
  readonly end: () => BodyDigests;
} {
  const hash = createHash("sha256");
  let crc = 0;
  return {
    update: (piece) => {
      hash.update(piece);
      if (withCrc32) crc = crc32(piece, crc);
    },
    end: () => ({ sha256: hash.digest("hex"), ...(withCrc32 ? { crc32: base64Of(crc) } : {}) }),
  };
}

export function digestBody(body: Buffer, withCrc32: boolean): BodyDigests {
  const digests = startDigests(withCrc32);
  digests.update(body);
  return digests.end();
}

function base64Of(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc >>> 0);
  return bytes.toString("base64");
}

export interface Sending {
  readonly s3: S3;
  readonly abortSignal: AbortSignal;
  readonly digests: BodyDigests;
  readonly body: Buffer | Readable;
}

export async function sendObject(
  input: Omit<PutObjectCommandInput, "Body">,
  { s3, abortSignal, digests, body }: Sending,
): Promise<PutObjectCommandOutput> {
  const { PutObjectCommand } = await import("./s3-sdk.ts");
  const command = new PutObjectCommand({ ...input, ...crcOf(digests), Body: body });
  command.middlewareStack.add(
    (next) => (args) => {
      sign(args.request, digests);
      return next(args);
    },
    { step: "build", name: "exhibitContentDigest" },
  );
  return s3.send(command, { abortSignal });
}

export async function sendPart(
  input: Omit<UploadPartCommandInput, "Body">,
  { s3, abortSignal, digests, body }: Sending,
): Promise<UploadPartCommandOutput> {
  const { UploadPartCommand } = await import("./s3-sdk.ts");
  const command = new UploadPartCommand({ ...input, ...crcOf(digests), Body: body });
  command.middlewareStack.add(
    (next) => (args) => {
      sign(args.request, digests);
      return next(args);
    },
    { step: "build", name: "exhibitContentDigest" },
  );
  return s3.send(command, { abortSignal });
}

const crcOf = ({ crc32: crc }: BodyDigests) => (crc === undefined ? {} : { ChecksumCRC32: crc });

/** The signer keeps a digest that is already there, so the body is not hashed again. */
function sign(request: unknown, { sha256 }: BodyDigests): void {
  if (typeof request === "object" && request !== null && "headers" in request)
    Object.assign(request.headers ?? {}, { "x-amz-content-sha256": sha256 });
}
