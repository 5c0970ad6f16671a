// One writer at a time for a record file, among all processes of this host (and, slower, of hosts that share the folder).
// A lock is a symbolic link that names its holder: made whole or not at all (symlink(2)), never followed. Locks are
// numbered and the highest one counts; it is never removed, only followed by a higher one. So taking over from a holder
// that was killed is the same step as taking a free lock, and of several takers one wins.
import { lstat, mkdir, readdir, readlink, rename, symlink, unlink } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { errnoOf, NoteError } from "../errors.ts";
import { delay } from "../host/clock.ts";
import { isAlive, readOwnIdentity, readPidNamespace } from "../host/process-identity.ts";

const FREE = "free";
const PATIENCE_MS = 30_000;
/** Nobody needs a lock for longer; only asked of holders whose life cannot be seen from here. */
const LONGEST_HOLD_MS = 60_000;

/** Pids mean something only within one boot and one pid namespace. */
function ownName(): string {
  const { pid, startTime, bootId } = readOwnIdentity();
  return [pid, startTime, bootId, readPidNamespace()].join(" ");
}

/** Whether a lock's holder still works under it. A lock that went away meanwhile counts as held: look again. */
async function isHeld(path: string, own: string): Promise<boolean> {
  try {
    const holder = await readlink(path);
    if (holder === FREE) return false;
    const [pid = "", startTime = "", ...place] = holder.split(" ");
    if (/^\d+$/.test(pid) && place.join(" ") === own.split(" ").slice(2).join(" "))
      return isAlive(Number(pid), startTime);
    return Date.now() - (await lstat(path)).mtimeMs < LONGEST_HOLD_MS;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return true;
    throw error;
  }
}

async function highest(folder: string, name: string): Promise<number> {
  const numbers = (await readdir(folder)).map((entry) =>
    entry.startsWith(`${name}.`) ? Number(entry.slice(name.length + 1)) : 0,
  );
  return Math.max(0, ...numbers.filter(Number.isSafeInteger));
}

/** The path of a lock that is now ours; undefined when somebody else has it. */
async function tryTake(folder: string, name: string, own: string): Promise<string | undefined> {
  const last = await highest(folder, name);
  if (last > 0 && (await isHeld(join(folder, `${name}.${last}`), own))) return undefined;
  const mine = join(folder, `${name}.${last + 1}`);
  try {
    await symlink(own, mine);
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return undefined;
    throw error;
  }
  // We may have looked long ago, and this number have been used and cleared since.
  if ((await highest(folder, name)) > last + 1) {
    await unlink(mine);
    return undefined;
  }
  for (let old = last; old > 0; old--) {
    const gone = await unlink(join(folder, `${name}.${old}`)).then(
      () => true,
      () => false,
    );
    if (!gone) break;
  }
  return mine;
}

/** Runs `work` as the only writer of `name` (letters of file names only) in `folder`. Throws NoteError when it is busy for 30 s. */
export async function withRecordLock<T>(folder: string, name: string, work: () => Promise<T>): Promise<T> {
  const locks = join(folder, ".locks");
  await mkdir(locks, { recursive: true, mode: 0o700 });
  const own = ownName();
  const start = performance.now();
  let mine = await tryTake(locks, name, own);
  while (mine === undefined) {
    if (performance.now() - start > PATIENCE_MS)
      throw new NoteError(
        `${join(folder, name)}: another note has been being written for ${PATIENCE_MS / 1000} s`,
        { retryable: true },
      );
    await delay(5 + Math.random() * 20);
    mine = await tryTake(locks, name, own);
  }
  try {
    return await work();
  } finally {
    const free = join(locks, `.${randomBytes(8).toString("hex")}`);
    await symlink(FREE, free);
    await rename(free, mine);
  }
}
