// What is done to a copy right after the pause, while the target runs again: when memory gets short it is the first to go,
// whoever ends the target's control group, or ours, does not end it, and its ports are free.
import { readFileSync, writeFileSync } from "node:fs";
import { ExhibitError, messageOf } from "../../errors.ts";
import { makeOwnCgroup } from "../../host/own-cgroup.ts";
import { parseProcStatus } from "../../parsers/proc-status.ts";
import { stepChild } from "../ptrace/run-chain.ts";
import type { System } from "../ptrace/system.ts";
import { unifiedHeadroom, type Headroom } from "./headroom.ts";
import type { TargetFacts } from "./target.ts";

const CLOSE_MS = 5000;
const MIB = 1024 ** 2;

export interface Detached {
  readonly survivesRestart: boolean;
  /** The core will be complete though all in the control group of whoever wanted it is ended. */
  readonly survivesCaller: boolean;
  readonly portsFree: boolean;
  /** The control group in which the copy is read, and which goes with it. */
  readonly group?: string;
  /** Why it has none, or not all of it is in there. */
  readonly stays?: string;
}

/** `beside` are the programs that the core goes through. */
export function detachCopy(
  system: System,
  { target, copy, beside }: { target: TargetFacts; copy: number; beside: readonly number[] },
): Detached {
  try {
    writeFileSync(`/proc/${copy}/oom_score_adj`, "1000");
  } catch {
    // The kernel then chooses by size alone, and the copy shares most of its memory.
  }
  let group: string | undefined;
  let stays: string | undefined;
  let take: ((pid: number) => void) | undefined;
  try {
    assertRoom(target);
    const own = makeOwnCgroup();
    group = own.name;
    // The copy first: the target may be ended at any moment.
    own.take(copy);
    take = own.take;
  } catch (error) {
    stays = messageOf(error);
  }
  const portsFree = stepChild(system, copy, CLOSE_MS) === 0;
  const isOut = take !== undefined;
  let survivesCaller = false;
  try {
    if (take !== undefined) for (const pid of [process.pid, ...beside]) take(pid);
    survivesCaller = isOut;
  } catch (error) {
    stays = `the helper: ${messageOf(error)}`;
  }
  return {
    portsFree,
    survivesRestart: portsFree && isOut && !isInNamespace(target.pid),
    survivesCaller,
    ...(group === undefined ? {} : { group }),
    ...(stays === undefined ? {} : { stays }),
  };
}

/**
 * Every page that the target writes while its copy exists stays charged twice to its memory cgroup. At the limit of that group
 * the kernel ends a process in it: the copy, as long as it is there, and the target when it is not. So the copy leaves only
 * where all that it can ever cost fits below the limit. In version 1 the memory is a hierarchy of its own, which nothing leaves.
 */
export function reasonToStay(headroom: Headroom | undefined, residentBytes: number): string | undefined {
  const needed = 64 * MIB + residentBytes * 1.1;
  if (headroom === undefined || headroom.bytes >= needed) return undefined;
  const have = Math.max(0, Math.round(headroom.bytes / MIB));
  return `${have} MiB are left below the target's memory limit and ${Math.round(needed / MIB)} MiB could be needed: should it be reached, the copy must be there to be ended first`;
}

function assertRoom({ pid, status }: TargetFacts): void {
  const groups = readFileSync(`/proc/${pid}/cgroup`, "latin1");
  const headroom = unifiedHeadroom(groups, readFileSync("/proc/self/mountinfo", "latin1"));
  const reason = reasonToStay(headroom, (status.residentBytes ?? 0) + (status.swapBytes ?? 0));
  if (reason !== undefined) throw new ExhibitError(reason);
}

/** With the first process of a pid namespace every other one of it ends, a copy too (pid_namespaces(7)). */
function isInNamespace(pid: number): boolean {
  const pids = parseProcStatus(readFileSync(`/proc/${pid}/status`, "latin1")).namespacePids;
  return pids === undefined || pids.length > 1;
}
