// What only root may do to a process: cgroups with a limit, small and slow disks.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FaultScene } from "../../test/helpers/fault-process.ts";

const V2 = "/sys/fs/cgroup/cgroup.controllers";

/** Makes a group of this controller with the limit, and moves the process into it. */
function limit(
  scene: FaultScene,
  pid: number,
  { controller, v1, v2 }: { readonly controller: string; readonly v1: Files; readonly v2: Files },
): void {
  const isV2 = existsSync(V2);
  const folder = join("/sys/fs/cgroup", isV2 ? "" : controller, `exhibit-bench-${pid}`);
  if (isV2)
    writeFileSync("/sys/fs/cgroup/cgroup.subtree_control", `+${controller === "blkio" ? "io" : controller}`);
  mkdirSync(folder);
  scene.after(() => rmdirSync(folder));
  for (const [file, text] of isV2 ? v2 : v1) writeFileSync(join(folder, file), text);
  writeFileSync(join(folder, "cgroup.procs"), String(pid));
}

type Files = readonly (readonly [string, string])[];

/** A fifth of one CPU. */
export function limitCpu(scene: FaultScene, pid: number): void {
  limit(scene, pid, {
    controller: "cpu",
    v1: [
      ["cpu.cfs_period_us", "100000"],
      ["cpu.cfs_quota_us", "20000"],
    ],
    v2: [["cpu.max", "20000 100000"]],
  });
}

/** Writes of 256 KiB a second to the disk that `folder` is on. */
export function limitWrites(scene: FaultScene, pid: number, folder: string): void {
  const { dev } = statSync(folder);
  // makedev(3) of glibc, for numbers below 256.
  const device = `${(dev >> 8) & 0xff}:${dev & 0xff}`;
  limit(scene, pid, {
    controller: "blkio",
    v1: [["blkio.throttle.write_bps_device", `${device} 262144`]],
    v2: [["io.max", `${device} wbps=262144`]],
  });
}

/** A file system in memory. */
export function mountSmall(scene: FaultScene): string {
  const folder = join(scene.folder, "small");
  mkdirSync(folder);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]);
  scene.after(() => execFileSync("umount", ["-l", folder]));
  return folder;
}

/** A disk of its own: a file, by a loop device. */
export function mountDisk(scene: FaultScene): string {
  const [image, folder] = [join(scene.folder, "disk.img"), join(scene.folder, "disk")];
  mkdirSync(folder);
  execFileSync("truncate", ["-s", "64M", image]);
  execFileSync("mkfs.ext4", ["-q", "-F", image]);
  execFileSync("mount", ["-o", "loop", image, folder]);
  scene.after(() => execFileSync("umount", ["-l", folder]));
  return folder;
}
