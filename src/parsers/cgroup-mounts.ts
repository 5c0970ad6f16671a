// /proc/self/mountinfo (proc(5)): where the cgroup hierarchies that systemd uses are mounted. A path that systemd calls
// a ControlGroup is below each of them.

/** The mount points of cgroup2 and of the v1 hierarchy `name=systemd`, the latter first. */
export function parseCgroupMounts(mountinfo: string): readonly string[] {
  const mounts = mountinfo.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const point = before.split(" ")[4];
    const [type, , options = ""] = after.split(" ");
    if (point === undefined) return [];
    if (type === "cgroup2") return [{ point: unescape(point), rank: 1 }];
    return type === "cgroup" && options.split(",").includes("name=systemd")
      ? [{ point: unescape(point), rank: 0 }]
      : [];
  });
  return mounts.toSorted((a, b) => a.rank - b.rank).map((mount) => mount.point);
}

/** Blanks, tabs, newlines and backslashes of a path are written in octal. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
