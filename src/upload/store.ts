// What a store is: a place where bundles are kept for good. Adding one: this type, one file beside it, its line in
// open-store.ts. What must stay true: `put` returns only when the store holds every byte durably; an exclusive key is
// never overwritten; putting the same bytes again is no error.
import type { ObjectProof } from "./object-proof.ts";
import type { UploadJournal } from "./upload-journal.ts";

/** One file on its way to a store. */
export interface Member {
  /** `{prefix}/v1/{incident or "none"}/{host}/{captureId}/{path}` without the prefix. */
  readonly key: string;
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly mediaType: string;
  readonly sensitivity: "none" | "text" | "core";
  /** Refuse to replace what is there with other bytes (the manifest). */
  readonly exclusive: boolean;
}

/**
 * A member that is still being written, such as a core while it is compressed: bytes below the file's present size are
 * final. It is write-once. `finished` resolves when the file is complete; when it rejects the upload is given up.
 */
export interface GrowingMember extends Omit<Member, "bytes" | "sha256" | "exclusive"> {
  readonly finished: Promise<{ readonly bytes: number; readonly sha256: string }>;
  /** No more than this many bytes will come, when that is known: it decides how large the parts are. */
  readonly atMostBytes?: number;
}

export interface PutOptions {
  readonly signal?: AbortSignal | undefined;
  /** Where parts and confirmed members are remembered over a kill; without it an upload begins anew. */
  readonly journal?: UploadJournal | undefined;
}

export interface PutResult {
  /** `present`: the same bytes were there already. */
  readonly state: "stored" | "present";
  /** What was found when it was read back; absent where there is nothing to say beside the bytes. */
  readonly proof?: ObjectProof;
}

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAt: string;
}

/** What a store did in a trial. */
export interface StoreTrial {
  /** What works: `put`, `read back`. */
  readonly proven: readonly string[];
  /** What the settings ask for, or evidence would gain from, and this store does not do. */
  readonly missing: readonly StoreLack[];
}

export interface StoreLack {
  readonly what: string;
  readonly fix: string;
  /** The settings ask for it: bundles will not be kept as they should. */
  readonly asked: boolean;
}

/** Which bytes of an object: some from a place on, or the last ones. */
export type ByteRange = { readonly from: number; readonly bytes: number } | { readonly last: number };

export interface StoredRange {
  /** Fewer than were asked for where the object ends before; never fewer because a connection did. */
  readonly data: Buffer;
  /** Where they begin in the object. */
  readonly from: number;
  /** Of the whole object. */
  readonly totalBytes: number;
}

export interface StoredPage {
  /** In the order of their keys; not empty unless it is the last page. */
  readonly objects: readonly StoredObject[];
  readonly isLast: boolean;
}

/** An address that opens one object without credentials, for a while. */
export interface SharedLink {
  readonly url: string;
  /** When it ends for certain; undefined when only something that we cannot see tells. */
  readonly expiresAt: string | undefined;
  /** The credentials are temporary: it ends with them. */
  readonly temporary: boolean;
}

export interface Store {
  /** Its name in the settings. */
  readonly name: string;
  readonly type: "directory" | "s3";
  /** Where things go, for a person: `s3://bucket/prefix`, a path. */
  readonly location: string;
  /** Throws UploadError. */
  readonly put: (member: Member, options?: PutOptions) => Promise<PutResult>;
  /** Uploads a member while it is being written; absent where a store has nothing to gain from it. Throws UploadError. */
  readonly putGrowing?: (member: GrowingMember, options?: PutOptions) => Promise<PutResult>;
  /** The bytes of one small object; undefined when there is none. */
  readonly get: (key: string, limitBytes: number) => Promise<Buffer | undefined>;
  readonly list: (prefix: string) => Promise<readonly StoredObject[]>;
  /** Some bytes of an object in one request; undefined when there is none. Throws UploadError. */
  readonly readRange: (
    key: string,
    range: ByteRange,
    signal?: AbortSignal,
  ) => Promise<StoredRange | undefined>;
  /** Some of the objects whose keys begin with `prefix` and come after `after`, in one request. */
  readonly listPage: (prefix: string, after: string) => Promise<StoredPage>;
  /** Only where there is such a thing. A browser saves it as `name`. */
  readonly share?: (
    key: string,
    options: { readonly seconds: number; readonly name: string },
  ) => Promise<SharedLink>;
  /** A stable address of a key, never a presigned one. */
  readonly url: (key: string) => string;
  /** Proves by doing that bundles can be kept. Throws UploadError with what to do when they cannot. */
  readonly check: () => Promise<StoreTrial>;
}
