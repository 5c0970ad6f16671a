// The bytes of one settings file, read with care, since root trusts them. What must stay true: a file that somebody else
// could have written is refused when we are root; neither a FIFO nor a huge file can hold us.
import { constants, type Stats } from "node:fs";
import { open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf, messageOf, SettingsError } from "./errors.ts";
import { readUpTo } from "./host/bounded-read.ts";

const LIMIT_BYTES = 1024 ** 2;

const refuse = (file: string, expected: string, hint?: string) =>
  new SettingsError({ file }, expected, hint === undefined ? {} : { hint });

/** A sticky folder protects a file from others only when the file is ours (sticky bit: unlink(2), EPERM). */
function checkWritable(path: string, file: Stats, folder: Stats): void {
  if ((file.mode & 0o002) !== 0)
    throw refuse(path, "anybody may write it, so root does not read it", `chmod o-w ${path}`);
  const sticky = (folder.mode & 0o1000) !== 0;
  if ((folder.mode & 0o002) !== 0 && (!sticky || file.uid !== 0))
    throw refuse(
      path,
      "anybody may write its folder, so root does not read it",
      `chmod o-w ${dirname(path)}`,
    );
}

/** The bytes of a settings file; undefined when there is none. Throws SettingsError. */
export async function readSettingsFile(path: string, uid: number | undefined): Promise<Buffer | undefined> {
  // O_NONBLOCK: opening a FIFO that nobody writes would wait for ever (fifo(7)).
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw refuse(path, `cannot be read: ${errnoOf(error) ?? messageOf(error)}`);
  });
  if (!handle) return undefined;
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw refuse(path, "expected a file");
    if (uid === 0) checkWritable(path, stats, await stat(dirname(path)));
    const bytes = await readUpTo(handle, LIMIT_BYTES + 1);
    if (bytes.length > LIMIT_BYTES) throw refuse(path, "expected at most 1 MB of settings");
    return bytes;
  } finally {
    await handle.close();
  }
}
