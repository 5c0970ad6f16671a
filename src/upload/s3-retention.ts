// Object Lock: until when an object may not be removed. What must stay true: what counts is what the store answers when
// it is asked afterwards; several stores accept a retention and do not hold it.
import type { ObjectProof } from "./object-proof.ts";
import { s3ErrorName } from "./s3-errors.ts";
import type { S3Bucket } from "./s3-objects.ts";
import { isRefusal } from "./s3-tags.ts";
import type { Member } from "./store.ts";

const DAY_MS = 24 * 3_600_000;
/** What may be removed on purpose, because it holds people's data, is not locked for longer unless the settings say so. */
const SENSITIVE_DAYS = 14;

interface Version {
  readonly key: string;
  readonly versionId: string | undefined;
}
type Retention = NonNullable<ObjectProof["retention"]>;
type Held = Extract<Retention, { readonly until: string }>;

/** How long a member is to be locked; undefined for not at all. */
export function lockDaysOf(
  { lockDays, sensitiveLockDays }: S3Bucket["settings"],
  { sensitivity }: Pick<Member, "sensitivity">,
): number | undefined {
  if (sensitivity !== "core") return lockDays ?? undefined;
  return sensitiveLockDays ?? (lockDays === null ? undefined : Math.min(lockDays, SENSITIVE_DAYS));
}

/** Locks one version of an object for `days`, unless it is locked for as long, and asks what the store made of it. */
export async function retain(
  at: S3Bucket,
  { key, versionId, days }: Version & { readonly days: number },
  signal?: AbortSignal,
): Promise<Retention> {
  const startMs = Date.now() + (at.connection.clockOffsetMs() ?? 0);
  const before = await readRetention(at, { key, versionId }, signal);
  // Sending again tomorrow need not lock for a day longer.
  if (before && Date.parse(before.until) > startMs + (days - 1) * DAY_MS) return before;
  const until = new Date(startMs + days * DAY_MS);
  const refused = await writeRetention(at, { key, versionId, until }, signal);
  if (refused !== undefined) return { missing: refused };
  const after = await readRetention(at, { key, versionId }, signal);
  if (after && Date.parse(after.until) >= until.getTime() - 1000) return after;
  return { missing: "the store accepted the retention and does not hold it" };
}

/** Resolves with why the store does not take it, in words; undefined when it does. */
async function writeRetention(
  { connection, bucket, settings }: S3Bucket,
  { key, versionId, until }: Version & { readonly until: Date },
  signal?: AbortSignal,
): Promise<string | undefined> {
  try {
    await connection.request(
      (s3, abortSignal) =>
        s3.putObjectRetention(
          {
            Bucket: bucket,
            Key: key,
            ...(versionId === undefined ? {} : { VersionId: versionId }),
            Retention: { Mode: settings.lockMode, RetainUntilDate: until },
          },
          { abortSignal },
        ),
      { signal },
    );
    return undefined;
  } catch (error) {
    if (s3ErrorName(error) === "AccessDenied") return "s3:PutObjectRetention is not allowed";
    if (s3ErrorName(error) === "NotImplemented") return "the store has no Object Lock";
    if (isRefusal(error)) return "the bucket has no Object Lock";
    throw error;
  }
}

async function readRetention(
  { connection, bucket }: S3Bucket,
  { key, versionId }: Version,
  signal?: AbortSignal,
): Promise<Held | undefined> {
  try {
    const { Retention } = await connection.request(
      (s3, abortSignal) =>
        s3.getObjectRetention(
          { Bucket: bucket, Key: key, ...(versionId === undefined ? {} : { VersionId: versionId }) },
          { abortSignal },
        ),
      { signal },
    );
    const { Mode, RetainUntilDate } = Retention ?? {};
    if (Mode === undefined || RetainUntilDate === undefined) return undefined;
    return { mode: Mode, until: RetainUntilDate.toISOString() };
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}
