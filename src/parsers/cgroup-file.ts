// /proc/PID/cgroup: `id:controllers:path` lines (cgroups(7)). Paths hold no newline: the kernel refuses to make such a
// group. What container and what unit a process belongs to is only in the names that their managers gave the groups.

export interface CgroupPlace {
  /** The path that says most: systemd's own hierarchy, else the unified one, else any that is not the root. */
  readonly path: string | undefined;
  /** All paths, of every hierarchy. */
  readonly paths: readonly string[];
  /** 64 hex digits: Docker, containerd, CRI-O, Podman and what is built on them. */
  readonly containerId: string | undefined;
  /** A systemd service, of the system or of a user. */
  readonly service: string | undefined;
}

/** Where /proc/PID/cgroup says that a process belongs. */
export function parseCgroupFile(text: string): CgroupPlace {
  const lines = text.split("\n").flatMap((line) => {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    return match === null ? [] : [{ controllers: match[1], path: match[2] ?? "/" }];
  });
  const paths = lines.map((line) => line.path);
  const named = lines.find((line) => line.controllers === "name=systemd" && line.path !== "/");
  const unified = lines.find((line) => line.controllers === "" && line.path !== "/");
  const path = named?.path ?? unified?.path ?? paths.find((candidate) => candidate !== "/") ?? paths[0];
  const containerId = paths.map(containerOf).find((id) => id !== undefined);
  // containerd's own unit is not the service that runs in its containers.
  const service =
    containerId === undefined ? paths.map(serviceOf).find((unit) => unit !== undefined) : undefined;
  return { path, paths, containerId, service };
}

/**
 * The id of the innermost container: `/docker/ID`, `docker-ID.scope`, `cri-containerd-ID.scope`, `crio-ID`,
 * `libpod-ID.scope/container`, `kubepods-...slice:cri-containerd:ID`, `/kubepods/burstable/podUID/ID`, `/ecs/TASK/ID`.
 * conmon, which only watches a container, has a group of its own (`libpod-conmon-ID.scope`).
 */
function containerOf(path: string): string | undefined {
  const components = path.split("/").filter((component) => !component.includes("conmon-"));
  return components
    .map((component) => /(?:^|[-:])([0-9a-f]{64})(?:\.scope)?$/.exec(component)?.[1])
    .findLast((id) => id !== undefined);
}

/** The first group below the slices is the unit; a user's manager has its own slices and units below it. */
function serviceOf(path: string): string | undefined {
  const below = path.split("/").filter((component) => component !== "" && !component.endsWith(".slice"));
  const unit = below[0]?.startsWith("user@") && below[1] !== undefined ? below[1] : below[0];
  // systemd puts `_` before a name that a file of cgroupfs could have (systemd.unit(5) allows no unit to begin so).
  return unit?.endsWith(".service") ? unit.replace(/^_/, "") : undefined;
}
