// What a store is: a place where bundles are kept for good. Adding one: this type, one file beside it, its line in
// open-store.ts. What must stay true: `put` returns only when the store holds every byte durably; an exclusive key is
// never overwritten; putting the same bytes again is no error.

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

/** A member that is still being written: the bytes its file has by now are final, more come until `finished`. */
export interface GrowingMember extends Omit<Member, "bytes" | "sha256" | "exclusive"> {
  /** Rejects when it will never be whole. */
  readonly finished: Promise<{ readonly bytes: number; readonly sha256: string }>;
}

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAt: string;
}

export interface Store {
  /** Its name in the settings. */
  readonly name: string;
  readonly type: "directory" | "s3";
  /** Where things go, for a person: `s3://bucket/prefix`, a path. */
  readonly location: string;
  /** `present`: the same bytes were there already. Throws UploadError. */
  readonly put: (member: Member, signal?: AbortSignal) => Promise<"stored" | "present">;
  /** Puts a member while it grows; a store that has no use for that leaves it out. */
  readonly putGrowing?: (member: GrowingMember, signal?: AbortSignal) => Promise<"stored" | "present">;
  /** The bytes of one small object; undefined when there is none. */
  readonly get: (key: string, limitBytes: number) => Promise<Buffer | undefined>;
  readonly list: (prefix: string) => Promise<readonly StoredObject[]>;
  /** A stable address of a key, never a presigned one. */
  readonly url: (key: string) => string;
  /** Proves that a small object can be put, read back and removed. Throws UploadError with what to do. */
  readonly check: () => Promise<void>;
}
