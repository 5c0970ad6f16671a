// An object that goes up in parts, resumed where a kill or an outage has cut it. What must stay true: an upload is in the
// journal before its first part; whatever ends badly leaves an upload that the next run resumes, or none.
import { createHash } from "node:crypto";
import { UploadError } from "../errors.ts";
import type { PartPlan } from "./part-plan.ts";
import type { PartSource } from "./part-source.ts";
import { s3ErrorName, s3Status } from "./s3-errors.ts";
import {
  abortUpload,
  beginUpload,
  completeUpload,
  listParts,
  listUploads,
  type S3Upload,
  type SentPart,
  type StoredPart,
} from "./s3-multipart.ts";
import { headObject, type ObjectFacts, type S3Bucket } from "./s3-objects.ts";
import { sendParts } from "./s3-parts.ts";
import type { PutOptions } from "./store.ts";
import { UnsendableError } from "./unsendable.ts";
import type { JournalPart } from "./upload-journal.ts";

export interface BigObject {
  readonly at: S3Bucket;
  readonly key: string;
  readonly where: string;
  /** Its name in the journal. */
  readonly object: string;
  readonly facts: ObjectFacts;
  /** Whether the store has shown that it refuses to replace an object when it is asked to. */
  readonly onlyNew: boolean;
  readonly plan: PartPlan;
  readonly source: PartSource;
  readonly options: PutOptions;
}

export interface Assembled {
  /** `exists`: somebody else made the object meanwhile. */
  readonly state: "stored" | "exists";
  /** What the object's ETag is when it is made of our parts; undefined where that cannot be told. */
  readonly etag: string | undefined;
}

interface Begun {
  readonly upload: S3Upload;
  readonly plan: PartPlan;
  readonly have: ReadonlyMap<number, StoredPart>;
  readonly known: ReadonlyMap<number, JournalPart>;
}

/** What ends an upload for good: its parts are gone or will never be right. */
const HOPELESS = new Set(["NoSuchUpload", "InvalidPart", "InvalidPartOrder", "EntityTooSmall"]);

/** Sends an object that is not there. Throws what the SDK throws, or UploadError. */
export async function putParts(big: BigObject): Promise<Assembled> {
  const { where, object, source, options, onlyNew } = big;
  const { journal, signal } = options;
  const begun = (await resume(big)) ?? (await begin(big));
  const { upload, plan, have, known } = begun;
  const { uploadId } = upload;
  const giveUp = async (): Promise<void> => {
    // The operator's stop must not leave it dangling; what cannot be removed now is, before the next begins.
    await abortUpload(upload).catch(() => undefined);
    await journal?.write({ step: "given-up", object, uploadId });
  };
  try {
    const parts = await sendParts({
      upload,
      where,
      plan,
      source,
      have,
      known,
      signal,
      remember: async (part) => journal?.write({ step: "part", object, uploadId, ...part }),
    });
    const answer = await finish(big, upload, { parts, onlyNew });
    if (answer === "exists") await giveUp();
    const etag = etagOfParts(parts.map((part) => part.etag));
    return { state: answer === "exists" ? "exists" : "stored", etag };
  } catch (error) {
    const isHopeless = HOPELESS.has(s3ErrorName(error));
    if (isHopeless || error instanceof UnsendableError || journal === undefined) await giveUp();
    if (!isHopeless) throw error;
    throw new UploadError(`${where}: the store has lost parts of the unfinished upload`, {
      cause: error,
      hint: "exhibit push sends the file again; let the bucket keep unfinished uploads for a week",
    });
  }
}

async function resume({ at, key, object, options }: BigObject): Promise<Begun | undefined> {
  const begun = options.journal?.begun(object);
  if (!begun) return undefined;
  const upload = { at, key, uploadId: begun.upload.uploadId };
  const have = await listParts(upload, options.signal);
  if (have) return { upload, plan: begun.upload.plan, have, known: begun.parts };
  await options.journal?.write({ step: "given-up", object, uploadId: upload.uploadId });
  return undefined;
}

async function begin({ at, key, object, facts, plan, options }: BigObject): Promise<Begun> {
  const { journal, signal } = options;
  // A kill between the beginning of an upload and its line in the journal leaves one that nobody knows. The key is of
  // this bundle alone, so it is ours. Where we may not look, the bucket's lifecycle must do it.
  const orphans = await listUploads(at, key, signal).catch((error: unknown) => {
    if (s3Status(error) === 403 || s3Status(error) === 501) return [];
    throw error;
  });
  for (const uploadId of orphans) await abortUpload({ at, key, uploadId }, signal);
  const uploadId = await beginUpload(at, { ...facts, key }, signal);
  const upload = { at, key, uploadId };
  try {
    await journal?.write({
      step: "begun",
      object,
      uploadId,
      plan: plan.map(([parts, bytes]) => [parts, bytes]),
    });
  } catch (error) {
    await abortUpload(upload).catch(() => undefined);
    throw error;
  }
  return { upload, plan, have: new Map(), known: new Map() };
}

/** An answer that was lost on its way does not mean that the object was not made. */
async function finish(
  { at, key, source, options: { signal } }: BigObject,
  upload: S3Upload,
  made: { readonly parts: readonly SentPart[]; readonly onlyNew: boolean },
): Promise<"completed" | "exists"> {
  try {
    return await completeUpload(upload, made, signal);
  } catch (error) {
    const head = await headObject(at, key, { signal }).catch(() => undefined);
    const { bytes } = await source.whole();
    const isMade =
      typeof head === "object" &&
      head.bytes === bytes &&
      head.etag === etagOfParts(made.parts.map(({ etag }) => etag));
    if (isMade) return "completed";
    throw error;
  }
}

/**
 * The ETag of an object made of these parts: the MD5 of their MD5s and their number, where nothing is encrypted with keys
 * of KMS. Undefined when the parts' ETags are no MD5s.
 */
export function etagOfParts(etags: readonly string[]): string | undefined {
  const bare = etags.map((etag) => etag.replaceAll('"', ""));
  if (bare.some((etag) => !/^[0-9a-f]{32}$/i.test(etag))) return undefined;
  const digest = createHash("md5")
    .update(Buffer.from(bare.join(""), "hex"))
    .digest("hex");
  return `"${digest}-${etags.length}"`;
}
