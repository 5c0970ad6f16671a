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

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAt: string;
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
  /** `present`: the same bytes were there already. Throws UploadError. */
  readonly put: (member: Member, signal?: AbortSignal) => Promise<"stored" | "present">;
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
  /** Proves that a small object can be put, read back and removed. Throws UploadError with what to do. */
  readonly check: () => Promise<void>;
}
