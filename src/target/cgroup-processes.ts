// The processes of a control group and of all groups below it, from cgroup.procs (cgroups(7)).
import { readdirSync } from "node:fs";
import { readHostSync } from "../host/host-files.ts";
import { parseCgroupMounts } from "../parsers/cgroup-mounts.ts";
import { attempt } from "./executable.ts";

/** A unit with more groups than this below it is a container engine. */
const GROUPS_LIMIT = 4096;

/** In ascending order; empty when the group is gone or no hierarchy is mounted. */
export function processesOfGroup(controlGroup: string): readonly number[] {
  if (!controlGroup.startsWith("/") || controlGroup.split("/").includes("..")) return [];
  const mountinfo = attempt(() => readHostSync("/proc/self/mountinfo").toString("utf8")) ?? "";
  // A host that has both hierarchies may keep its processes in either.
  const pids = parseCgroupMounts(mountinfo).flatMap((mount) => processesBelow(`${mount}${controlGroup}`));
  return [...new Set(pids)].toSorted((a, b) => a - b);
}

function processesBelow(top: string): readonly number[] {
  const pids: number[] = [];
  const folders = [top];
  for (let index = 0; index < folders.length && index < GROUPS_LIMIT; index++) {
    const folder = folders[index] ?? top;
    const text = attempt(() => readHostSync(`${folder}/cgroup.procs`).toString("latin1")) ?? "";
    // Those of another pid namespace are written as 0.
    pids.push(
      ...text
        .split("\n")
        .map(Number)
        .filter((pid) => Number.isSafeInteger(pid) && pid > 0),
    );
    folders.push(...foldersIn(folder));
  }
  return pids;
}

function foldersIn(folder: string): readonly string[] {
  const entries = attempt(() => readdirSync(folder, { withFileTypes: true })) ?? [];
  return entries.filter((entry) => entry.isDirectory()).map((entry) => `${folder}/${entry.name}`);
}
