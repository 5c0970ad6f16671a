// The files of one process. /proc/PID is opened once and everything is read below that descriptor, so that a pid which
// was given to another process meanwhile can never be read: the system answers ENOENT or ESRCH instead.
// What must stay true: no read blocks (the target may hand us a fifo), none is unbounded, and no name leads through a
// link that the target controls (root, cwd, fd/N), except where a function says so.
import { closeSync, constants, fstatSync, openSync, readdirSync, readlinkSync } from "node:fs";
import { open, readdir, readlink, stat } from "node:fs/promises";
import { TargetError, errnoOf } from "../errors.ts";
import { printable } from "../printable.ts";
import { DEFAULT_LIMIT_BYTES, readUpTo, readUpToSync, refusal } from "./bounded-read.ts";

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
const OPEN_FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

/** `exe` is a link that only the kernel can make, to the very file that runs: it may be followed, and is a regular file. */
function flagsFor(name: string): number {
  return name === "exe" ? OPEN_FLAGS & ~O_NOFOLLOW : OPEN_FLAGS;
}

// The links of proc(5) that lead out of /proc, as a component with something below it.
const LEADS_OUT = /(?:^|\/)(?:root|cwd|exe|fd\/[^/]*|map_files\/[^/]*|ns\/[^/]*)\//;
const UNSAFE_NAME = /^\/|(?:^|\/)\.\.?(?:\/|$)|\0/;

/** One process, held: names are below its /proc/PID (`status`, `task/17/stat`). Errors are the system's. */
export interface HeldProcess {
  readonly pid: number;
  /** At most `limitBytes` (default 4 MiB); bytes past it are left out. */
  readonly readSync: (name: string, limitBytes?: number) => Buffer;
  readonly read: (name: string, limitBytes?: number) => Promise<Buffer>;
  readonly listSync: (name: string) => readonly string[];
  readonly list: (name: string) => Promise<readonly string[]>;
  /** Where a link points to, as bytes: the target chose them. */
  readonly linkSync: (name: string) => Buffer;
  readonly link: (name: string) => Promise<Buffer>;
  /** The last `bytes` of a regular file that the target has open (`fd/3`); EINVAL when it is anything else. */
  readonly tail: (name: string, bytes: number) => Promise<Buffer>;
  /** A path for one synchronous system call on a link of the kernel (`exe`, `root`); not to be kept. */
  readonly pathOf: (name: string) => string;
  /** Reads that are under way still finish on the held process. May be called twice. */
  readonly close: () => void;
}

/** Whether a failed read means that the held process has ended (proc(5): ESRCH while reading, ENOENT while opening). */
export function isGone(error: unknown): boolean {
  const code = errnoOf(error);
  return code === "ESRCH" || code === "ENOENT";
}

/**
 * Opens /proc/PID. Throws a TargetError when there is no such process.
 * @see proc(5), "/proc/pid"
 */
export function openProcess(pid: number): HeldProcess {
  const descriptor = openFolder(pid);
  let underWay = 0;
  let closed = false;

  const pathOf = (name: string): string => {
    if (closed) throw refusal("EBADF", `process ${pid} is no longer held`);
    return `/proc/self/fd/${descriptor}/${name}`;
  };
  const safe = (name: string): string => {
    if (UNSAFE_NAME.test(name) || LEADS_OUT.test(name))
      throw refusal("EINVAL", `not a name below /proc/PID: ${printable(name)}`);
    return pathOf(name);
  };
  // The number of a closed descriptor is soon another file's: it stays open until the last read is done.
  const during = async <T>(work: () => Promise<T>): Promise<T> => {
    underWay += 1;
    try {
      return await work();
    } finally {
      underWay -= 1;
      if (closed && underWay === 0) closeSync(descriptor);
    }
  };

  return {
    pid,
    pathOf,
    readSync: (name, limitBytes = DEFAULT_LIMIT_BYTES) => {
      const file = openSync(safe(name), flagsFor(name));
      try {
        return readUpToSync(file, limitBytes);
      } finally {
        closeSync(file);
      }
    },
    read: (name, limitBytes = DEFAULT_LIMIT_BYTES) =>
      during(async () => {
        await using file = await open(safe(name), flagsFor(name));
        return await readUpTo(file, limitBytes);
      }),
    listSync: (name) => readdirSync(safe(`${name}/`)),
    list: (name) => during(() => readdir(safe(`${name}/`))),
    linkSync: (name) => readlinkSync(safe(name), "buffer"),
    link: (name) => during(() => readlink(safe(name), "buffer")),
    tail: (name, bytes) => during(() => tailOf(safe(name), bytes)),
    close: () => {
      if (closed) return;
      closed = true;
      if (underWay === 0) closeSync(descriptor);
    },
  };
}

function openFolder(pid: number): number {
  try {
    return openSync(`/proc/${pid}`, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (!isGone(error)) throw error;
    const cause = { cause: error };
    // Mounted with hidepid, /proc does not show other people's processes; signal 0 asks without sending anything.
    if (isRunning(pid))
      throw new TargetError(`process ${pid} is hidden from you`, {
        ...cause,
        hint: "/proc is mounted with hidepid; run as root",
      });
    throw new TargetError(`process ${pid} is gone`, {
      ...cause,
      hint: "look for its successor: name the service, or --match",
    });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) === "EPERM";
  }
}

async function tailOf(path: string, bytes: number): Promise<Buffer> {
  // Asked before it is opened: opening alone can wake the writer of a fifo or start a device.
  if (!(await stat(path)).isFile()) throw refusal("EINVAL", "not a regular file");
  await using file = await open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fstatSync(file.fd).isFile()) throw refusal("EINVAL", "not a regular file");
  const { size } = await file.stat();
  const length = Math.min(Math.max(bytes, 0), size);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
  return buffer.subarray(0, bytesRead);
}
