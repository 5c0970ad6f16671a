// What can go wrong with a directory store, in words: what failed, where, and what to do about it.
import { errnoOf, messageOf, UploadError } from "../errors.ts";

const CAUSES: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOSPC: ["no space left", "free some space there, or name another store with --to"],
  EDQUOT: ["the disk quota is used up", "raise the quota, or name another store with --to"],
  EROFS: ["it is mounted read-only", "mount it read-write, or name another store with --to"],
  EACCES: ["permission denied", "run as a user who may write there, or name another store with --to"],
  EPERM: [
    "the operation is not permitted there",
    "the file system must allow hard links; or name another store with --to",
  ],
  ENOTSUP: ["the file system has no hard links", "use one that has, or name another store with --to"],
  ENOTDIR: ["a file is where a folder should be", "move it away, or set store path to a folder"],
  ELOOP: [
    "a link is where a file or folder should be",
    "move it away: a store follows no links below its path",
  ],
  EIO: ["the disk reports an input/output error", "look at dmesg; name another store with --to"],
  ESTALE: ["the network file system has lost it", "mount it again"],
  EFBIG: [
    "the file is larger than the file system or the limit of this process allows",
    "raise the limit (ulimit -f)",
  ],
  EMFILE: ["too many open files", "raise the limit (ulimit -n)"],
};

/** The UploadError for whatever was thrown while a directory store worked on `path`. */
export function directoryError(error: unknown, path: string): UploadError {
  if (error instanceof UploadError) return error;
  const code = errnoOf(error);
  const known = code === undefined ? undefined : CAUSES[code];
  if (!known) return new UploadError(`${path}: ${code ?? messageOf(error)}`, { cause: error });
  const [what, hint] = known;
  return new UploadError(`${path}: ${what} (${code})`, { cause: error, hint });
}
