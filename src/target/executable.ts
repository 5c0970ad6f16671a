// The executable of a process as the kernel names it. To the name of a file that was removed the kernel adds
// " (deleted)" (proc(5), "/proc/pid/exe"), which a file may also be called.
import { lstatSync, statSync, type BigIntStats } from "node:fs";
import { errnoOf } from "../errors.ts";
import type { HeldProcess } from "../host/process-files.ts";

export interface Executable {
  /** As the target's own root shows it. */
  readonly path: Buffer;
  readonly deleted: boolean;
}

const SUFFIX = Buffer.from(" (deleted)");

/** Undefined without rights, and for kernel threads and zombies, which have none. */
export function readExecutable(held: HeldProcess): Executable | undefined {
  const path = attempt(() => held.linkSync("exe"));
  if (path === undefined) return undefined;
  const bare = path.subarray(0, path.length - SUFFIX.length);
  if (!path.subarray(-SUFFIX.length).equals(SUFFIX) || bare.length === 0) return { path, deleted: false };
  return isAt(held, path) ? { path, deleted: false } : { path: bare, deleted: true };
}

/** Whether the file that runs is the one of this name. Only compared, so a link on the way can do no harm. */
function isAt(held: HeldProcess, path: Buffer): boolean {
  const running = attempt(() => statSync(held.pathOf("exe"), { bigint: true }));
  const named = attempt(() =>
    lstatSync(Buffer.concat([Buffer.from(held.pathOf("root")), path]), { bigint: true }),
  );
  return running !== undefined && named !== undefined && sameFile(running, named);
}

function sameFile(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** What a system call gives, or undefined when the system refuses it. */
export function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
