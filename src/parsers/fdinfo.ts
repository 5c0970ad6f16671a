// /proc/PID/fdinfo/N (proc_pid_fdinfo(5)): `pos`, `flags` in octal, and lines of the kind of file it is.

export interface Fdinfo {
  /** Bytes from the start of the file. */
  readonly position: number | undefined;
  /** open(2)'s flags and O_CLOEXEC, as a number. */
  readonly flags: number | undefined;
  readonly mountId: number | undefined;
  /** As text: 64 bits. Told since Linux 5.14. */
  readonly inode: string | undefined;
  /** What eventfd, epoll, inotify, timerfd, pidfd... say, untouched; at most `DETAIL_LINES`. */
  readonly details: readonly string[];
  /** Lines of detail that were left out. */
  readonly detailsLeftOut: number;
}

/** An epoll of a busy server has a line for every connection. */
const DETAIL_LINES = 64;
const COMMON = new Set(["pos", "flags", "mnt_id", "ino", "scm_fds"]);

/** What one fdinfo file says. */
export function parseFdinfo(text: string): Fdinfo {
  const fields = new Map<string, string>();
  const details: string[] = [];
  for (const line of text.split("\n")) {
    const [key, value] = split(line);
    if (COMMON.has(key)) fields.set(key, value);
    else if (line.trim() !== "") details.push(line);
  }
  const number = (key: string, base: number, form: RegExp) => {
    const value = fields.get(key) ?? "";
    return form.test(value) ? Number.parseInt(value, base) : undefined;
  };
  return {
    position: number("pos", 10, /^\d{1,15}$/),
    flags: number("flags", 8, /^[0-7]{1,12}$/),
    inode: /^\d{1,20}$/.exec(fields.get("ino") ?? "")?.[0],
    mountId: number("mnt_id", 10, /^\d{1,15}$/),
    details: details.slice(0, DETAIL_LINES),
    detailsLeftOut: Math.max(0, details.length - DETAIL_LINES),
  };
}

function split(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  return colon < 0 ? ["", ""] : [line.slice(0, colon), line.slice(colon + 1).trim()];
}

const O_ACCMODE = 0o3;
const O_APPEND = 0o2000;

/** How a file was opened; a file whose flags are unknown is not said to be writable. */
export function writingOf(flags: number | undefined): {
  readonly writable: boolean;
  readonly append: boolean;
} {
  const access = (flags ?? 0) & O_ACCMODE;
  return {
    writable: access === 1 || access === 2,
    append: access !== 0 && ((flags ?? 0) & O_APPEND) !== 0,
  };
}

const ACCESS = ["O_RDONLY", "O_WRONLY", "O_RDWR"];
/** include/uapi/asm-generic/fcntl.h; arm, arm64 and powerpc number four of them in their own way. */
const FLAGS: readonly (readonly [string, number])[] = [
  ["O_CREAT", 0o100],
  ["O_EXCL", 0o200],
  ["O_NOCTTY", 0o400],
  ["O_TRUNC", 0o1000],
  ["O_APPEND", O_APPEND],
  ["O_NONBLOCK", 0o4000],
  ["O_DSYNC", 0o10000],
  ["O_ASYNC", 0o20000],
  ["O_NOATIME", 0o1000000],
  ["O_CLOEXEC", 0o2000000],
  ["O_SYNC", 0o4000000],
  ["O_PATH", 0o10000000],
  ["O_TMPFILE", 0o20000000],
];
const GENERIC_FLAGS: readonly (readonly [string, number])[] = [
  ["O_DIRECT", 0o40000],
  ["O_LARGEFILE", 0o100000],
  ["O_DIRECTORY", 0o200000],
  ["O_NOFOLLOW", 0o400000],
];
const ARM_FLAGS: readonly (readonly [string, number])[] = [
  ["O_DIRECTORY", 0o40000],
  ["O_NOFOLLOW", 0o100000],
  ["O_DIRECT", 0o200000],
  ["O_LARGEFILE", 0o400000],
];

/** Names of open(2)'s flags, the access mode first. `architecture` is Node's word for it: `x64`, `arm64`. */
export function nameOpenFlags(flags: number, architecture: string): readonly string[] {
  const own =
    architecture === "arm64" || architecture === "arm" || architecture === "ppc64"
      ? ARM_FLAGS
      : GENERIC_FLAGS;
  const names = [...FLAGS, ...own].filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
  return [ACCESS[flags & O_ACCMODE] ?? "O_ACCMODE", ...names];
}
