// A sealed bundle on its way to a store. What must stay true: the manifest is put last and only after the store
// confirmed every other file, so that a manifest in a store means a whole bundle; sending again sends what is missing.
import pLimit from "p-limit";
import { MANIFEST_FILE, OUTCOME_FILE, SIGNATURE_FILE } from "../bundle/layout.ts";
import type { Manifest } from "../bundle/manifest.ts";
import type { StoreConfirmation } from "../bundle/store-confirmation.ts";
import { messageOf, UploadError } from "../errors.ts";
import { printable } from "../printable.ts";
import { confirmationOf } from "./confirmation.ts";
import { listedMember, prefixOf, sendOrder, unlistedMember } from "./members.ts";
import { stopped } from "./refusals.ts";
import type { Member, Store } from "./store.ts";
import type { ObjectProof } from "./object-proof.ts";
import { UnsendableError } from "./unsendable.ts";
import type { UploadJournal } from "./upload-journal.ts";

/** Small files are mostly waiting for an answer; of large ones the memory for parts allows no more than it has. */
const AT_ONCE = 4;

export interface SendProgress {
  /** In the bundle. */
  readonly path: string;
  readonly state: "stored" | "present";
  readonly bytes: number;
  readonly sentBytes: number;
  /** Of what the manifest lists. */
  readonly totalBytes: number;
}

export interface SendRequest {
  /** The folder of the bundle in the spool. */
  readonly bundlePath: string;
  readonly manifest: Manifest;
  readonly store: Store;
  readonly signal?: AbortSignal;
  /** Without it a member that was cut begins anew. */
  readonly journal?: UploadJournal;
  readonly onProgress?: (progress: SendProgress) => void;
}

/** What the store confirmed; goes into the receipt as it is. */
export interface Sent {
  readonly url: string;
  readonly files: number;
  readonly bytes: number;
  readonly manifestSha256: string;
  /** What the store was found to have done; absent where it has nothing to tell beside the bytes. */
  readonly found?: StoreConfirmation;
}

/**
 * Sends a bundle and returns when the store holds all of it; safe to repeat. Throws UploadError with
 * `bundlePath`. When one file cannot be stored the others still are, but not the manifest.
 */
export async function sendBundle(request: SendRequest): Promise<Sent> {
  try {
    return await sendAll(request);
  } catch (error) {
    const known = error instanceof UploadError;
    throw new UploadError(known ? error.message : `${request.store.location}: ${messageOf(error)}`, {
      bundlePath: request.bundlePath,
      cause: error,
      ...(known && error.hint !== undefined ? { hint: error.hint } : {}),
    });
  }
}

/** Sends what became of the mitigation, when that is told: the rest of the bundle is there already. */
export async function sendOutcome(request: SendRequest): Promise<void> {
  const outcome = await unlistedMember(
    { path: request.bundlePath, manifest: request.manifest },
    OUTCOME_FILE,
  );
  if (outcome) await request.store.put(outcome, { signal: request.signal });
}

async function sendAll(request: SendRequest): Promise<Sent> {
  const { manifest, store } = request;
  const bundle = { path: request.bundlePath, manifest };
  const listed = new Map(manifest.files.map((file) => [file.path, file]));
  const memberAt = async (path: string): Promise<Member> => {
    const file = listed.get(path);
    return file ? listedMember(bundle, file) : required(bundle, path);
  };
  const courier = openCourier(request);

  for (const step of sendOrder(manifest.files)) await courier.send(step.map((path) => () => memberAt(path)));
  courier.throwUnsendable();
  const signature = await unlistedMember(bundle, SIGNATURE_FILE);
  if (signature) await courier.send([async () => signature]);
  const commit = await required(bundle, MANIFEST_FILE);
  await courier.send([async () => commit]);
  courier.throwUnsendable();
  const { files, bytes, found } = courier.confirmed();
  const outcome = await unlistedMember(bundle, OUTCOME_FILE);
  if (outcome) await courier.send([async () => outcome]);
  courier.throwUnsendable();
  if (found?.retention?.missing !== undefined) throw unlocked(store, found.retention.missing);
  return {
    url: store.url(prefixOf(manifest)),
    files,
    bytes,
    manifestSha256: commit.sha256,
    ...(found ? { found } : {}),
  };
}

/** All of it is in the store, and can be removed there: it stays on this host too until somebody has decided. */
function unlocked({ location }: Store, missing: string): UploadError {
  return new UploadError(
    `${location}: everything is stored, but not locked as lockDays asks: ${printable(missing)}`,
    {
      hint: "use a bucket with Object Lock (it must be made with it) and credentials that may set and read it, or set lockDays to null; then exhibit push",
    },
  );
}

async function required(
  bundle: { readonly path: string; readonly manifest: Manifest },
  path: string,
): Promise<Member> {
  const member = await unlistedMember(bundle, path);
  if (member) return member;
  throw new UnsendableError(`${bundle.path}/${path}: is not on the disk`);
}

/** Carries members to the store, a few at once, and keeps count. */
function openCourier({ manifest, store, signal, journal, onProgress, bundlePath }: SendRequest) {
  const limit = pLimit(AT_ONCE);
  const refused: UnsendableError[] = [];
  const proofs: ObjectProof[] = [];
  const totalBytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  let [files, bytes] = [0, 0];
  let failed = false;

  const sendOne = async (find: () => Promise<Member>): Promise<void> => {
    // The store did not answer one file: the others would only wait as long.
    if (failed) return;
    if (signal?.aborted) throw stopped(store.location);
    try {
      const member = await find();
      const { state, proof } = await store.put(member, { signal, journal });
      if (proof) proofs.push(proof);
      files += 1;
      bytes += member.bytes;
      onProgress?.({
        path: member.path.slice(bundlePath.length + 1),
        state,
        bytes: member.bytes,
        sentBytes: bytes,
        totalBytes,
      });
    } catch (error) {
      if (!(error instanceof UnsendableError)) {
        failed = true;
        throw error;
      }
      refused.push(error);
    }
  };
  return {
    /** Returns when all are stored or known to be unsendable; throws after those under way have ended. */
    send: async (finds: readonly (() => Promise<Member>)[]): Promise<void> => {
      const results = await Promise.allSettled(finds.map((find) => limit(() => sendOne(find))));
      const first = results.find((result) => result.status === "rejected");
      if (first) throw first.reason;
    },
    throwUnsendable: (): void => {
      const [first, ...more] = refused;
      if (!first) return;
      const others =
        more.length === 0
          ? ""
          : `, and ${more.length} more ${more.length === 1 ? "file" : "files"} cannot be stored`;
      throw new UploadError(`${first.message}${others}`, {
        cause: first,
        ...(first.hint === undefined ? {} : { hint: first.hint }),
      });
    },
    confirmed: () => ({ files, bytes, found: confirmationOf(proofs) }),
  };
}
