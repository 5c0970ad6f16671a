// How a member comes into an S3 store: in one request or in parts, and remembered once the store has shown that it has it.
import { UploadError } from "../errors.ts";
import { lackOf, type ObjectProof } from "./object-proof.ts";
import { PART_BYTES, planParts, OBJECT_LIMIT_BYTES } from "./part-plan.ts";
import { openGrowingSource, openSealedSource, type PartSource } from "./part-source.ts";
import { putParts, type Assembled } from "./s3-big.ts";
import { confirm, findSame, proveObject, type Held } from "./s3-held.ts";
import { headObject, tagsOf, type S3Bucket, type S3Head } from "./s3-objects.ts";
import { putSmall, type Condition } from "./s3-small.ts";
import { DIGEST_TAG, writeTags } from "./s3-tags.ts";
import type { GrowingMember, Member, PutOptions, PutResult } from "./store.ts";
import { UnsendableError } from "./unsendable.ts";

/** One of the places of a store: what holds memory may have one of its own. */
export interface S3Root {
  readonly at: S3Bucket;
  readonly condition: Condition;
  /** `{prefix}/` or nothing. */
  readonly root: string;
  /** What tells this endpoint from others, in the journal. */
  readonly endpoint: string;
}

function heldIn({ at, root, endpoint }: S3Root, key: string, options: PutOptions): Omit<Held, "member"> {
  const where = `s3://${at.bucket}/${root}${key}`;
  return { at, key: root + key, where, object: `${endpoint} ${where}`, options };
}

/** Puts one sealed file. Throws UploadError, or what the SDK throws. */
export async function putMember(place: S3Root, member: Member, options: PutOptions): Promise<PutResult> {
  const held: Held = { ...heldIn(place, member.key, options), member };
  const { object } = held;
  if (member.bytes > OBJECT_LIMIT_BYTES)
    throw new UnsendableError(
      `${held.where}: ${member.bytes} bytes are more than the 5 TiB that an object may have`,
      {
        hint: `the file stays on this host: ${member.path}`,
      },
    );
  const before = member.exclusive ? options.journal?.confirmed(object, member.sha256) : undefined;
  if (before) return { state: "present", ...(before.proof ? { proof: before.proof } : {}) };
  const result =
    member.bytes <= PART_BYTES ? await putSmall(held, place.condition) : await putBig(held, place.condition);
  return remembered(held, result);
}

async function putBig(held: Held, condition: Condition): Promise<PutResult> {
  const { member } = held;
  const same = await findSame(held);
  if (same) return present(held, same);
  const source = await openSealedSource(member);
  try {
    const made = await putParts({
      ...held,
      facts: member,
      onlyNew: member.exclusive && condition.kept === "verified",
      plan: planParts(member.bytes),
      source,
    });
    if (made.state === "exists") return present(held, (await findSame(held)) ?? vanished(held));
    const head = await confirm(held, member);
    return { state: "stored", proof: { ...(await proveObject(held, head)), ...assembledAs(made, head) } };
  } finally {
    await source.close();
  }
}

async function present(held: Held, head: S3Head): Promise<PutResult> {
  if (head.sha256 === undefined) await writeTags(held.at, digestTags(held), held.options.signal);
  return { state: "present", proof: await proveObject(held, head) };
}

function vanished({ where }: Held): never {
  throw new UploadError(`${where}: somebody else writes and removes it`, {
    hint: "exhibit push sends it again",
  });
}

function assembledAs({ etag }: Assembled, head: S3Head): Pick<ObjectProof, "assembled"> {
  return etag !== undefined && etag === head.etag ? { assembled: true } : {};
}

/** Metadata are fixed when an upload begins; a digest that was not known then is a tag. */
function digestTags({ at, key, member }: Held) {
  return { key, tags: { ...tagsOf(at.settings, member), [DIGEST_TAG]: member.sha256 } };
}

/** Puts a file while it is written; one that proves to be small goes up when it is complete. */
export async function putGrowing(
  place: S3Root,
  member: GrowingMember,
  options: PutOptions,
): Promise<PutResult> {
  const source = await openGrowingSource(member);
  try {
    const never = new AbortController().signal;
    const first = await source.available(0, PART_BYTES + 1, options.signal ?? never);
    if (first > PART_BYTES) return await putGrowingParts(place, member, { source, options });
  } finally {
    await source.close();
  }
  const { finished, ...known } = member;
  return putMember(place, { ...known, ...(await finished), exclusive: true }, options);
}

async function putGrowingParts(
  place: S3Root,
  { finished, atMostBytes, ...member }: GrowingMember,
  { source, options }: { readonly source: PartSource; readonly options: PutOptions },
): Promise<PutResult> {
  const { at, ...held } = heldIn(place, member.key, options);
  const sealed = async (): Promise<Member> => ({ ...member, ...(await finished), exclusive: true });
  const there = await headObject(at, held.key, { signal: options.signal });
  if (there !== undefined && there !== "unknown") return putMember(place, await sealed(), options);
  const made = await putParts({
    ...held,
    at,
    facts: { mediaType: member.mediaType, sensitivity: member.sensitivity },
    onlyNew: place.condition.kept === "verified",
    plan: planParts(atMostBytes),
    source,
  });
  const whole: Held = { ...held, at, member: await sealed() };
  if (made.state === "exists") return putMember(place, whole.member, options);
  const head = await confirm(whole, { bytes: whole.member.bytes, sha256: undefined });
  await writeTags(at, digestTags(whole), options.signal);
  const proof = { ...(await proveObject(whole, head)), ...assembledAs(made, head) };
  return remembered(whole, { state: "stored", proof });
}

/** Writes down that the store has it; what is not held as it should be is asked again the next time. */
async function remembered({ object, member, options }: Held, result: PutResult): Promise<PutResult> {
  const { proof } = result;
  if (lackOf(proof) === undefined)
    await options.journal?.write({
      step: "confirmed",
      at: new Date().toISOString(),
      object,
      bytes: member.bytes,
      sha256: member.sha256,
      ...(proof ? { proof } : {}),
    });
  return result;
}
