// A control group of our own (cgroups(7)), for processes that must go on when whoever started them is ended by systemd: it
// ends, and waits for, all that is in a unit's group (systemd.kill(5)). What must stay true: nobody's group is changed or
// limited by it, and an empty one is removed by whoever sees it next. Why not a scope of systemd's: docs/decisions/0010.
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, ExhibitError } from "../errors.ts";
import { parseCgroupMounts } from "../parsers/cgroup-mounts.ts";
import { BEHIND } from "./priority.ts";

/** How the name of every such group begins; the guardian knows by it what may go on without us. */
export const OWN_CGROUP = "exhibit-core-";

/** Somebody may remove a group between its making and its first process. */
const MOST_TRIES = 3;

/** A group at the top competes with all of a host's services; by these it counts as one process at our priority does. */
const SHARES = [
  ["cpu.weight.nice", String(BEHIND)],
  ["io.weight", "10"],
] as const;

export interface OwnCgroup {
  readonly name: string;
  /** Moves a process into it. Throws ExhibitError, saying why, when it stays where it was in any hierarchy of systemd's. */
  readonly take: (pid: number) => void;
}

/** Makes one, in each hierarchy in which systemd keeps its units. Throws ExhibitError, saying why, when it cannot. */
export function makeOwnCgroup(mounts: readonly string[] = unitHierarchies()): OwnCgroup {
  if (mounts.length === 0) throw new ExhibitError("no control groups can be seen from here");
  const name = `${OWN_CGROUP}${process.pid}-${process.hrtime.bigint().toString(36)}`;
  const folders = mounts.map((mount) => join(mount, name));
  for (const folder of folders) make(folder);
  return {
    name,
    take: (pid) => {
      const before = unitPaths(pid);
      for (const folder of folders) move(pid, folder);
      const after = unitPaths(pid);
      // The top of a hierarchy is no unit's: nobody ends it.
      const stays = [...before].find(([kind, path]) => path !== "/" && after.get(kind) === path);
      if (stays !== undefined)
        throw new ExhibitError("a hierarchy of control groups cannot be seen from here");
    },
  };
}

/** Removes groups whose processes have ended, of whatever run; one that is in use stays. Never throws. */
export function removeEmptyCgroups(mounts: readonly string[] = unitHierarchies()): void {
  for (const mount of mounts)
    for (const name of foldersIn(mount).filter((one) => one.startsWith(OWN_CGROUP)))
      try {
        rmdirSync(join(mount, name));
      } catch {
        // In use (EBUSY), or removed by another.
      }
}

/** Whether a process goes on by itself in a group of ours; false when it has ended. */
export function isInOwnCgroup(pid: number): boolean {
  try {
    return [...unitPaths(pid).values()].some((path) => path.includes(`/${OWN_CGROUP}`));
  } catch {
    return false;
  }
}

function unitHierarchies(): readonly string[] {
  try {
    return parseCgroupMounts(readFileSync("/proc/self/mountinfo", "latin1"));
  } catch {
    return [];
  }
}

/** Its group in the hierarchies in which systemd keeps units: cgroup2, and `name=systemd` of version 1. */
function unitPaths(pid: number): ReadonlyMap<string, string> {
  const lines = readFileSync(`/proc/${pid}/cgroup`, "latin1").split("\n");
  return new Map(
    lines.flatMap((line) => {
      const [, kind, path] = /^\d+:((?:name=systemd)?):(.*)$/.exec(line) ?? [];
      return kind === undefined || path === undefined ? [] : [[kind, path]];
    }),
  );
}

function foldersIn(mount: string): readonly string[] {
  try {
    return readdirSync(mount);
  } catch {
    return [];
  }
}

function make(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    throw new ExhibitError(reasonOf(error), { cause: error });
  }
  for (const [file, share] of SHARES)
    try {
      // "r+": on a file system of another kind nothing is made.
      writeFileSync(join(folder, file), share, { flag: "r+" });
    } catch {
      // This kernel, or the groups above, do not share it out by groups.
    }
}

function move(pid: number, folder: string): void {
  for (let left = MOST_TRIES; ; left--)
    try {
      return writeFileSync(join(folder, "cgroup.procs"), String(pid), { flag: "r+" });
    } catch (error) {
      if (errnoOf(error) !== "ENOENT" || left <= 1) throw new ExhibitError(reasonOf(error), { cause: error });
      make(folder);
    }
}

function reasonOf(error: unknown): string {
  const errno = errnoOf(error);
  if (errno === "EROFS") return "control groups are read-only here";
  if (errno === "EACCES" || errno === "EPERM") return "control groups may not be made without root";
  if (errno === "ESRCH") return "it has ended";
  return `control groups cannot be used: ${errno ?? String(error)}`;
}
