// Where the files of a process's cgroups are (cgroups(7)): /proc/PID/cgroup says which groups, mountinfo where each
// hierarchy is mounted. A host has version 1 (a hierarchy for each controller), version 2 (one for all), or both.
import type { Mount } from "./mountinfo.ts";

export interface CgroupFolder {
  /** 2 for the unified hierarchy. */
  readonly version: 1 | 2;
  /** Of version 1 (`cpu`, `memory`, `name=systemd`); the unified hierarchy is told without any. */
  readonly controllers: readonly string[];
  /** Absolute, where the host can be asked. */
  readonly folder: string;
  /** The top of the hierarchy as far as it can be seen. */
  readonly mountPoint: string;
}

/** The folders of every group that can be seen from here; one outside of our cgroup namespace or container cannot. */
export function findCgroupFolders(cgroupFile: string, mounts: readonly Mount[]): readonly CgroupFolder[] {
  return cgroupFile.split("\n").flatMap((line) => {
    const [, id, names = "", path = ""] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (id === undefined || path.split("/").includes("..")) return [];
    const controllers = names === "" ? [] : names.split(",");
    const version = id === "0" && names === "" ? 2 : 1;
    const places = mounts.flatMap(({ type, options, root, point }) => {
      const isIts =
        type === (version === 2 ? "cgroup2" : "cgroup") &&
        controllers.every((name) => options.includes(name));
      const below = isIts ? pathBelow(path, root) : undefined;
      return below === undefined ? [] : [{ point, below }];
    });
    const place = places[0];
    if (place === undefined) return [];
    return [{ version, controllers, folder: `${place.point}${place.below}`, mountPoint: place.point }];
  });
}

/** A folder and those above it, up to the mount point; at most `limit`. */
export function groupsUpwards(folder: CgroupFolder, limit: number): readonly string[] {
  const parts = folder.folder.slice(folder.mountPoint.length).split("/").slice(1);
  const count = Math.min(parts.length + 1, limit);
  return Array.from({ length: count }, (_, above) =>
    [folder.mountPoint, ...parts.slice(0, parts.length - above)].join("/"),
  );
}

// "No limit" in version 1 is the largest multiple of the page size below 2^63 (memory.limit_in_bytes).
const NO_LIMIT = 2 ** 60;

/** The bytes of memory.max, memory.limit_in_bytes; undefined when there is no limit or it cannot be read. */
export function parseMemoryLimit(text: string): number | undefined {
  const digits = /^(\d{1,19})\s*$/.exec(text)?.[1];
  if (digits === undefined || Number(digits) >= NO_LIMIT) return undefined;
  return Number(digits);
}

/** Whether cpu.max (`100000 100000`, `max 100000`) or cpu.cfs_quota_us (`-1`) sets a limit. */
export function limitsCpu(text: string): boolean {
  return /^\d+(?: \d+)?\s*$/.test(text);
}

/** `path` as it is below `root`, with its slash, or empty for `root` itself. */
function pathBelow(path: string, root: string): string | undefined {
  if (root === "/") return path === "/" ? "" : path;
  if (path === root) return "";
  return path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}
