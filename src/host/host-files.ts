// Files of the host by absolute path: the kernel's tables in /proc and /sys, settings, logs. Links are followed, as the
// host's own layout is made of them, but only regular files are read (those of procfs and sysfs are), without blocking
// and within a limit.
import { closeSync, constants, fstatSync, openSync, readdirSync, readlinkSync } from "node:fs";
import { open, readdir, readlink } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { printable } from "../printable.ts";
import { DEFAULT_LIMIT_BYTES, readUpTo, readUpToSync, refusal } from "./bounded-read.ts";

const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

function absolute(path: string): string {
  if (!isAbsolute(path) || path.includes("\0"))
    throw refusal("EINVAL", `not an absolute path: ${printable(path)}`);
  return path;
}

function regular(descriptor: number, path: string): void {
  if (!fstatSync(descriptor).isFile()) throw refusal("EINVAL", `not a regular file: ${printable(path)}`);
}

/** At most `limitBytes` (default 4 MiB). Throws the system's error, or EINVAL when it is no regular file. */
export function readHostSync(path: string, limitBytes = DEFAULT_LIMIT_BYTES): Buffer {
  const file = openSync(absolute(path), OPEN_FLAGS);
  try {
    regular(file, path);
    return readUpToSync(file, limitBytes);
  } finally {
    closeSync(file);
  }
}

export function listHostSync(path: string): readonly string[] {
  return readdirSync(absolute(path));
}

export function linkHostSync(path: string): Buffer {
  return readlinkSync(absolute(path), "buffer");
}

/** The same without blocking the event loop; errors as those of `readHostSync`. */
export const hostFiles = {
  read: async (path: string, limitBytes = DEFAULT_LIMIT_BYTES): Promise<Buffer> => {
    await using file = await open(absolute(path), OPEN_FLAGS);
    regular(file.fd, path);
    return await readUpTo(file, limitBytes);
  },
  list: async (path: string): Promise<readonly string[]> => readdir(absolute(path)),
  link: async (path: string): Promise<Buffer> => readlink(absolute(path), "buffer"),
};
