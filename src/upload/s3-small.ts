// A member that goes up in one request. What must stay true: what is write-once is never replaced, also by stores that
// take the condition and do not keep it.
import { UploadError } from "../errors.ts";
import { takePartBuffer } from "./part-buffers.ts";
import { openSealedSource } from "./part-source.ts";
import { confirm, findSame, proveObject, type Held } from "./s3-held.ts";
import { putObject, type PutAnswer, type S3Head } from "./s3-objects.ts";
import type { PutResult } from "./store.ts";

/** Whether a store keeps If-None-Match: undefined until it was seen. One for each store. */
export interface Condition {
  kept: "verified" | "unsupported" | undefined;
}

/** Up to here a member has memory of its own: it does not wait until a part of a core has gone up a slow line. */
const OWN_MEMORY_BYTES = 2 * 1024 ** 2;
/** What is sent twice, to see the second refused, is no larger. */
const TRIAL_BYTES = 256 * 1024;

/** Sends a member of at most PART_BYTES. Throws UploadError. */
export async function putSmall(held: Held, condition: Condition): Promise<PutResult> {
  const { member } = held;
  if (member.bytes <= OWN_MEMORY_BYTES)
    return putBody(held, condition, await readBody(held, Buffer.allocUnsafe(member.bytes)));
  const buffer = await takePartBuffer(member.bytes);
  try {
    return await putBody(held, condition, await readBody(held, buffer.bytes));
  } finally {
    buffer.give();
  }
}

function isTrial({ exclusive, bytes }: Held["member"], { versionId }: S3Head): boolean {
  return exclusive && bytes <= TRIAL_BYTES && versionId === undefined;
}

async function readBody({ member }: Held, buffer: Buffer): Promise<Buffer> {
  const source = await openSealedSource(member);
  try {
    await source.read(buffer, 0);
    source.check(buffer);
    return buffer;
  } finally {
    await source.close();
  }
}

async function putBody(held: Held, condition: Condition, body: Buffer): Promise<PutResult> {
  const { at, key, where, member, options } = held;
  const put = (onlyNew: boolean) => putObject(at, { key, object: member, body, onlyNew }, options.signal);
  // Where nothing refuses to replace it we look ourselves; and so as long as we do not know.
  if (condition.kept !== "verified" || !member.exclusive) {
    const same = await findSame(held);
    if (same) return { state: "present", proof: await proveObject(held, same) };
  }
  let answer: PutAnswer = await put(member.exclusive && condition.kept !== "unsupported");
  if (answer === "unconditional") {
    condition.kept = "unsupported";
    answer = await put(false);
  }
  if (answer === "exists") {
    condition.kept = "verified";
    const same = await findSame(held);
    if (same) return { state: "present", proof: await proveObject(held, same) };
    throw new UploadError(`${where}: somebody else writes and removes it`, {
      hint: "exhibit push sends it again",
    });
  }
  let head = await confirm(held, member);
  // The same bytes once more: a store that takes them replaces them by themselves, and has shown what it is. One that
  // keeps versions would have two then, and loses nothing when it replaces.
  if (condition.kept === undefined && isTrial(member, head)) {
    condition.kept = (await put(true)) === "exists" ? "verified" : "unsupported";
    if (condition.kept === "unsupported") head = await confirm(held, member);
  }
  const kept = member.exclusive ? condition.kept : undefined;
  return {
    state: "stored",
    proof: { ...(await proveObject(held, head)), ...(kept === undefined ? {} : { conditionalPut: kept }) },
  };
}
