// Which files tell how the target's cgroups are limited. The limit may be set on a group above its own: a service in a
// limited slice, a container whose manager made a group of its own below. The nearest group with a limit is looked at.
import { findCgroupFolders, groupsUpwards, limitsCpu, parseMemoryLimit } from "../../parsers/cgroup.ts";
import type { CgroupFolder } from "../../parsers/cgroup.ts";
import { parseMountinfo } from "../../parsers/mountinfo.ts";
import { answerTo } from "../attempts.ts";
import type { CollectorContext } from "../collector.ts";
import type { Source } from "./state.ts";

/** How deep groups are nested before we stop to climb. */
const LEVELS = 16;

interface Wanted {
  readonly version: 1 | 2;
  /** Of version 1. */
  readonly controller?: string;
  readonly files: readonly string[];
  /** The files belong to the nearest group where this one sets a limit. */
  readonly limit?: { readonly file: string; readonly isSet: (text: string) => boolean };
}

const limitsMemory = (text: string) => parseMemoryLimit(text) !== undefined;

const WANTED: readonly Wanted[] = [
  { version: 2, files: ["cpu.stat", "cpu.max"], limit: { file: "cpu.max", isSet: limitsCpu } },
  {
    version: 2,
    files: ["memory.current", "memory.max", "memory.events", "memory.pressure"],
    limit: { file: "memory.max", isSet: limitsMemory },
  },
  { version: 2, files: ["io.stat", "pids.current"] },
  {
    version: 1,
    controller: "cpu",
    files: ["cpu.stat", "cpu.cfs_quota_us", "cpu.cfs_period_us"],
    limit: { file: "cpu.cfs_quota_us", isSet: limitsCpu },
  },
  {
    version: 1,
    controller: "memory",
    files: ["memory.usage_in_bytes", "memory.limit_in_bytes", "memory.failcnt", "memory.oom_control"],
    limit: { file: "memory.limit_in_bytes", isSet: limitsMemory },
  },
];

export interface CgroupSources {
  readonly sources: readonly Source[];
  /** The folders that the sources are in. */
  readonly folders: readonly string[];
}

/** Finds them by /proc/PID/cgroup of the target and our own mounts; a gap when that cannot be read. */
export async function findCgroupSources(context: CollectorContext<unknown>): Promise<CgroupSources> {
  const [own, mounts] = await Promise.all([
    answerTo(context.process.read("cgroup")),
    answerTo(context.host.read("/proc/self/mountinfo")),
  ]);
  if ("errno" in own || "errno" in mounts) {
    context.gap("the target's cgroups could not be found out");
    return { sources: [], folders: [] };
  }
  const visible = findCgroupFolders(
    own.value.toString("utf8"),
    parseMountinfo(mounts.value.toString("utf8")),
  );
  const sources: Source[] = [];
  const folders = new Set<string>();
  for (const wanted of WANTED) {
    const { version, controller } = wanted;
    const place = visible.find(
      (one) => one.version === version && (controller === undefined || one.controllers.includes(controller)),
    );
    if (place === undefined) continue;
    const folder = await nearestLimited(context, place, wanted.limit);
    folders.add(folder);
    for (const file of wanted.files)
      sources.push({ key: `cgroup${version}-${file}`, path: `${folder}/${file}` });
  }
  return { sources, folders: [...folders] };
}

/** The nearest group at or above `place` with the limit, else `place` itself. */
async function nearestLimited(
  { host }: CollectorContext<unknown>,
  place: CgroupFolder,
  limit: Wanted["limit"],
): Promise<string> {
  if (limit === undefined) return place.folder;
  for (const folder of groupsUpwards(place, LEVELS)) {
    const text = await answerTo(host.read(`${folder}/${limit.file}`));
    if ("value" in text && limit.isSet(text.value.toString("utf8"))) return folder;
  }
  return place.folder;
}
