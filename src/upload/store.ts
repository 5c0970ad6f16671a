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
  /** A stable address of a key, never a presigned one. */
  readonly url: (key: string) => string;
  /** Proves by doing that bundles can be kept. Throws UploadError with what to do when they cannot. */
  readonly check: () => Promise<StoreTrial>;
}
