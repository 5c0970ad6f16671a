// Control groups for tests, in every hierarchy in which systemd keeps units.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OWN_CGROUP } from "../../src/host/own-cgroup.ts";
import { parseCgroupMounts } from "../../src/parsers/cgroup-mounts.ts";
import { until } from "./until.ts";

const mounts = parseCgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));

export interface ControlGroup {
  /** Words before a command that is to begin in it. */
  readonly within: readonly string[];
  readonly pids: () => readonly number[];
  /** Ends all that is in it at once, as systemd does with KillMode=control-group. */
  readonly kill: () => void;
  readonly remove: () => Promise<void>;
}

export function makeControlGroup(name: string): ControlGroup {
  if (mounts.length === 0)
    throw new Error("this test needs a cgroup hierarchy: mount -t cgroup2 cgroup2 /sys/fs/cgroup");
  const folders = mounts.map((mount) => join(mount, `exhibit-test-${name}-${process.pid}`));
  for (const folder of folders) mkdirSync(folder);
  const pids = () =>
    folders.flatMap((folder) =>
      readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number),
    );
  const kill = () => {
    for (const folder of folders) {
      if (existsSync(join(folder, "cgroup.kill"))) writeFileSync(join(folder, "cgroup.kill"), "1");
      for (const pid of pids()) process.kill(pid, "SIGKILL");
    }
  };
  const enter = folders.map((folder) => `echo $$ >'${folder}/cgroup.procs'`).join("; ");
  return {
    within: ["sh", "-c", `${enter}; exec "$@"`, "sh"],
    pids,
    kill,
    remove: async () => {
      kill();
      await until(() => pids().length === 0, 10_000, "the group is empty");
      for (const folder of folders) rmdirSync(folder);
    },
  };
}

/** Groups of ours that are there now, in any hierarchy. */
export function ownCgroups(): readonly string[] {
  return mounts.flatMap((mount) => readdirSync(mount).filter((name) => name.startsWith(OWN_CGROUP)));
}

/** Of a group at the top, in all hierarchies; none when it is gone. */
export function pidsIn(name: string): readonly number[] {
  return mounts.flatMap((mount) => {
    try {
      const text = readFileSync(join(mount, name, "cgroup.procs"), "utf8");
      return text.split("\n").filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
}
