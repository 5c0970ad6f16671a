// What a link of /proc/PID/fd points to (proc_pid_fd(5)): `socket:[INODE]`, `pipe:[INODE]`, `anon_inode:[eventpoll]`,
// `/memfd:name (deleted)`, or a path. A file may be named so that its path looks like a deleted one; the kernel cannot
// tell them apart either.

export type DescriptorType =
  | "socket"
  | "pipe"
  | "epoll"
  | "eventfd"
  | "inotify"
  | "anon"
  | "memory"
  | "device"
  | "namespace"
  | "file"
  | "unknown";

export interface DescriptorTarget {
  readonly type: DescriptorType;
  /** Of a socket or pipe. */
  readonly inode?: number;
  /** The file has no name any more, and lives until it is closed. */
  readonly isDeleted?: true;
}

const ANONYMOUS: Readonly<Record<string, DescriptorType>> = {
  eventpoll: "epoll",
  eventfd: "eventfd",
  inotify: "inotify",
};

/** Reads the target of one descriptor's link. */
export function parseFdLink(link: string): DescriptorTarget {
  const numbered = /^(socket|pipe):\[(\d{1,15})\]$/.exec(link);
  if (numbered !== null)
    return { type: numbered[1] === "socket" ? "socket" : "pipe", inode: Number(numbered[2]) };
  const anonymous = /^anon_inode:\[?([^\]]*)\]?$/.exec(link);
  if (anonymous !== null) return { type: ANONYMOUS[anonymous[1] ?? ""] ?? "anon" };
  if (link.startsWith("/memfd:") || link.startsWith("/SYSV")) return { type: "memory" };
  if (/^[a-z_]+:\[\d+\]$/.test(link)) return { type: "namespace" };
  if (!link.startsWith("/")) return { type: "unknown" };
  if (link.startsWith("/dev/") && !/^\/dev\/(?:shm|hugepages|mqueue)\//.test(link)) return { type: "device" };
  return link.endsWith(" (deleted)") ? { type: "file", isDeleted: true } : { type: "file" };
}
