// How much memory is left: of the host, and of the target's memory cgroups, to which every page is charged that the target
// writes while a copy of it exists.
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

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}

/** The smallest of what is left; undefined when nothing can be read. */
export function readHeadroom(pid: number): Headroom | undefined {
  const available = parseMeminfo(readText("/proc/meminfo") ?? "").get("MemAvailable");
  const host: Headroom[] = available === undefined ? [] : [{ bytes: available, where: "on the host" }];
  const groups = readText(`/proc/${pid}/cgroup`) ?? "";
  return least([...host, ...inGroups(groups, readText("/proc/self/mountinfo") ?? "")]);
}

/**
 * What is left below the limits of its groups of cgroups version 2 alone; undefined when it has none there. `groups` is the
 * text of /proc/PID/cgroup.
 */
export function unifiedHeadroom(groups: string, mountinfo: string): Headroom | undefined {
  const unified = groups.split("\n").filter((line) => line.startsWith("0::"));
  return least(inGroups(unified.join("\n"), mountinfo));
}

function least(all: readonly Headroom[]): Headroom | undefined {
  return all.toSorted((a, b) => a.bytes - b.bytes)[0];
}

function inGroups(groups: string, mountinfo: string): readonly Headroom[] {
  const all: Headroom[] = [];
  const mounts = parseMountinfo(mountinfo);
  for (const place of findCgroupFolders(groups, mounts)) {
    if (place.version === 1 && !place.controllers.includes("memory")) continue;
    for (const folder of groupsUpwards(place, MOST_GROUPS)) {
      const bytes = leftIn(folder, place.version);
      if (bytes !== undefined) all.push({ bytes, where: "in its memory cgroup" });
    }
  }
  return all;
}

/** Files that were read and not used since are given back before a limit is reached. */
function leftIn(folder: string, version: 1 | 2): number | undefined {
  const [most, now] =
    version === 2 ? ["memory.max", "memory.current"] : ["memory.limit_in_bytes", "memory.usage_in_bytes"];
  const limit = parseMemoryLimit(readText(`${folder}/${most}`) ?? "");
  const used = Number.parseInt(readText(`${folder}/${now}`) ?? "", 10);
  if (limit === undefined || Number.isNaN(used)) return undefined;
  const counts = parseKeyValues(readText(`${folder}/memory.stat`) ?? "");
  const reclaimable = counts.get(version === 2 ? "inactive_file" : "total_inactive_file") ?? 0;
  return limit - Math.max(0, used - reclaimable);
}
