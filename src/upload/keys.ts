// The keys of a bundle in a store. Incident and host are a stranger's text: what reaches a key is made of
// [A-Za-z0-9._-] alone, and two names that had to be altered stay different.
import { createHash } from "node:crypto";
import { UploadError } from "../errors.ts";
import { printable } from "../printable.ts";

const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
const SEGMENT_LIMIT = 100;
const ALTERED_LIMIT = 80;

/** Where a bundle without an incident goes; an incident of this name gets another segment. */
const NO_INCIDENT = "none";

/** One segment of a key: the text itself where it is safe, else what is safe of it and eight digits of its SHA-256. */
export function keySegment(text: string): string {
  if (SEGMENT.test(text) && text.length <= SEGMENT_LIMIT) return text;
  const safe = text.replace(/[^A-Za-z0-9._-]+/g, "_").replace(/^\.+/, "");
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 8);
  return safe === "" ? `x-${digest}` : `${safe.slice(0, ALTERED_LIMIT)}-${digest}`;
}

/** `v1/{incident or "none"}/{host}/{captureId}`: below it a bundle lies as it does in the spool. */
export function bundlePrefix(bundle: {
  readonly incident: string | undefined;
  readonly host: string;
  readonly captureId: string;
}): string {
  const { incident, host, captureId } = bundle;
  // The blank makes it a name that is not safe as it is, so that it gets digits.
  const named =
    incident === undefined ? NO_INCIDENT : keySegment(incident === NO_INCIDENT ? "none " : incident);
  return ["v1", named, keySegment(host), keySegment(captureId)].join("/");
}

/** Whether every segment of a key is one that `keySegment` leaves alone. */
export function isSafeKey(key: string): boolean {
  return key.length <= 1024 && key.split("/").every((segment) => SEGMENT.test(segment));
}

/** Throws unless the key is safe: the last look before it becomes a path or a request. */
export function assertSafeKey(key: string): void {
  if (!isSafeKey(key)) throw new UploadError(`not a key of a bundle: ${printable(key)}`);
}
