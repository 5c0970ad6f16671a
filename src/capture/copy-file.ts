// One file copied into a bundle: digested on the way, holes kept, never more than it had when it was looked at, within the
// disk's limits. A file that changes meanwhile is kept as it was read, and that is said.
import { createHash } from "node:crypto";
import { errnoOf, messageOf } from "../errors.ts";
import type { Quota } from "../host/disk.ts";
import { createFile, writeAll } from "../host/files.ts";
import type { FileToAdd } from "./files-to-add.ts";

const PIECE_BYTES = 1024 ** 2;
/** Of a file that says 0 bytes and has some all the same (proc(5)). */
const UNSIZED_LIMIT_BYTES = 16 * 1024 ** 2;
const ZEROS = Buffer.alloc(PIECE_BYTES);

export interface Copied {
  readonly bytes: number;
  /** Of what was read, before anything in it was masked. */
  readonly sha256: string;
  /** Why it is not the file as it was; undefined: it is. */
  readonly problem: string | undefined;
}

/** Copies to the new file `path`, durably. Never rejects: what was copied until then counts. */
export async function copyFile(
  { handle, facts, changedMs }: FileToAdd,
  path: string,
  { quota, signal }: { readonly quota: Quota; readonly signal: AbortSignal },
): Promise<Copied> {
  const hash = createHash("sha256");
  const limit = facts.bytes === 0 ? UNSIZED_LIMIT_BYTES : facts.bytes;
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  let at = 0;
  let problem: string | undefined;
  try {
    const copy = await createFile(path);
    try {
      while (at < limit && !signal.aborted) {
        const { bytesRead } = await handle.read(piece, 0, Math.min(PIECE_BYTES, limit - at), at);
        if (bytesRead === 0) break;
        const bytes = piece.subarray(0, bytesRead);
        hash.update(bytes);
        // A hole stays a hole: a core may be mostly holes.
        if (bytes.equals(ZEROS.subarray(0, bytesRead))) await copy.truncate(at + bytesRead);
        else {
          await quota.take(bytesRead);
          await writeAll(copy, bytes, at);
        }
        at += bytesRead;
      }
      await copy.sync();
    } finally {
      await copy.close();
    }
    const now = await handle.stat();
    if (signal.aborted && at < limit) problem = "you stopped it";
    else if (now.size !== facts.bytes)
      problem = `changed while it was copied: it had ${facts.bytes} bytes, then ${now.size}`;
    else if (now.ctimeMs !== changedMs) problem = "changed while it was copied";
  } catch (error) {
    problem = errnoOf(error) === "ENOSPC" ? "no space left on the disk" : messageOf(error);
  }
  return { bytes: at, sha256: hash.digest("hex"), problem };
}
