// How much memory is left: of the host, and of the target's memory cgroups, to which every page is charged that the target
// writes while a copy of it exists. At memory.max the kernel ends a process of the group; at memory.high it makes all of them
// wait while it takes memory back ("Memory Interface Files" in Documentation/admin-guide/cgroup-v2.rst): the target would stand.
import { readFileSync } from "node:fs";
import { findCgroupFolders, groupsUpwards, parseMemoryLimit } from "../../parsers/cgroup.ts";
import { parseKeyValues } from "../../parsers/key-values.ts";
import { parseMeminfo } from "../../parsers/meminfo.ts";
import { parseMountinfo } from "../../parsers/mountinfo.ts";

export interface Headroom {
  readonly bytes: number;
  readonly where: string;
}

const MOST_GROUPS = 16;

const ENDS = { 1: ["memory.limit_in_bytes"], 2: ["memory.max"] } as const;
const ENDS_OR_WAITS = { 1: ENDS[1], 2: ["memory.max", "memory.high"] } as const;
type Limits = typeof ENDS | typeof ENDS_OR_WAITS;

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}

/** The smallest of what is left; undefined when nothing can be read. `proc` is where procfs is mounted. */
export function readHeadroom(pid: number, proc = "/proc"): Headroom | undefined {
  const available = parseMeminfo(readText(`${proc}/meminfo`) ?? "").get("MemAvailable");
  const host: Headroom[] = available === undefined ? [] : [{ bytes: available, where: "on the host" }];
  const groups = readText(`${proc}/${pid}/cgroup`) ?? "";
  const mountinfo = readText(`${proc}/self/mountinfo`) ?? "";
  return least([...host, ...inGroups(groups, mountinfo, ENDS_OR_WAITS)]);
}

/**
 * What is left before the kernel ends a process in one of its groups of cgroups version 2 alone; undefined when none there has
 * such a limit. `groups` is the text of /proc/PID/cgroup.
 */
export function unifiedHeadroom(groups: string, mountinfo: string): Headroom | undefined {
  const unified = groups.split("\n").filter((line) => line.startsWith("0::"));
  return least(inGroups(unified.join("\n"), mountinfo, ENDS));
}

function least(all: readonly Headroom[]): Headroom | undefined {
  return all.toSorted((a, b) => a.bytes - b.bytes)[0];
}

function inGroups(groups: string, mountinfo: string, limits: Limits): readonly Headroom[] {
  const all: Headroom[] = [];
  const mounts = parseMountinfo(mountinfo);
  for (const place of findCgroupFolders(groups, mounts)) {
    if (place.version === 1 && !place.controllers.includes("memory")) continue;
    for (const folder of groupsUpwards(place, MOST_GROUPS))
      for (const limit of limits[place.version]) {
        const bytes = leftIn(folder, limit);
        const below = limit === "memory.high" ? "below memory.high of" : "in";
        if (bytes !== undefined) all.push({ bytes, where: `${below} its memory cgroup` });
      }
  }
  return all;
}

/** Files that were read and not used since are given back before a limit is reached. */
function leftIn(folder: string, limit: Limits[1 | 2][number]): number | undefined {
  const isFirst = limit === "memory.limit_in_bytes";
  const most = parseMemoryLimit(readText(`${folder}/${limit}`) ?? "");
  const used = Number.parseInt(
    readText(`${folder}/${isFirst ? "memory.usage_in_bytes" : "memory.current"}`) ?? "",
    10,
  );
  if (most === undefined || Number.isNaN(used)) return undefined;
  const counts = parseKeyValues(readText(`${folder}/memory.stat`) ?? "");
  const reclaimable = counts.get(isFirst ? "total_inactive_file" : "inactive_file") ?? 0;
  return most - Math.max(0, used - reclaimable);
}
