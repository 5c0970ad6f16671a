// A copy that stands, once the target runs again: out of the target's control groups, first in line when memory gets short,
// without descriptors, so that nobody waits for it and its ports are free.
import { readFileSync, writeFileSync } from "node:fs";
import { findCgroupFolders } from "../../parsers/cgroup.ts";
import { parseMountinfo } from "../../parsers/mountinfo.ts";
import { parseProcStatus } from "../../parsers/proc-status.ts";
import { stepChild } from "../ptrace/run-chain.ts";
import type { System } from "../ptrace/system.ts";

const CLOSE_MS = 5000;

export interface Detached {
  readonly survivesRestart: boolean;
  readonly portsFree: boolean;
}

export function detachCopy(system: System, target: number, copy: number): Detached {
  try {
    writeFileSync(`/proc/${copy}/oom_score_adj`, "1000");
  } catch {
    // The kernel then chooses by size alone, and the copy shares most of its memory.
  }
  const isOut = moveToOwnGroups(copy);
  const portsFree = stepChild(system, copy, CLOSE_MS) === 0;
  return { portsFree, survivesRestart: portsFree && isOut && !isInNamespace(target) };
}

/** With the first process of a pid namespace every other one of it ends, a copy too (pid_namespaces(7)). */
function isInNamespace(pid: number): boolean {
  const pids = parseProcStatus(readFileSync(`/proc/${pid}/status`, "latin1")).namespacePids;
  return pids === undefined || pids.length > 1;
}

/** systemd ends, and waits for, all that is in a unit's group (systemd.kill(5)). False when the copy stays in another's. */
function moveToOwnGroups(copy: number): boolean {
  try {
    const mounts = parseMountinfo(readFileSync("/proc/self/mountinfo", "latin1"));
    const own = findCgroupFolders(groupsOf("self"), mounts).filter((one) => isUnits(one.controllers));
    for (const { folder } of own) writeFileSync(`${folder}/cgroup.procs`, String(copy));
    return unitLines(groupsOf(copy)) === unitLines(groupsOf("self"));
  } catch {
    return false;
  }
}

function isUnits(controllers: readonly string[]): boolean {
  return controllers.length === 0 || controllers.includes("name=systemd");
}

function groupsOf(pid: number | "self"): string {
  return readFileSync(`/proc/${pid}/cgroup`, "latin1");
}

/** Those of the hierarchies in which systemd keeps its units. */
function unitLines(text: string): string {
  return text
    .split("\n")
    .filter((line) => /^\d+:(?:name=systemd)?:/.test(line))
    .join("\n");
}
