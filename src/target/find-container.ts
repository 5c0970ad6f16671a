// The first process of a container, by the id in the names of its control groups: no engine is asked, so that it works
// with any of them, and when the engine hangs.
import { TargetError, UsageError } from "../errors.ts";
import { parseCgroupFile } from "../parsers/cgroup-file.ts";
import { parseProcStat } from "../parsers/proc-stat.ts";
import { printable } from "../printable.ts";
import { hold, type FoundTarget } from "./found.ts";
import { readOfEach } from "./processes.ts";

const SHORT_ID = 12;
const SHOWN = 8;

/** `prefix` is a container id or its unique beginning. Throws a TargetError with the candidates when it is not unique. */
export function findContainer(prefix: string): FoundTarget {
  if (!/^[0-9a-f]{1,64}$/.test(prefix))
    throw new UsageError(`not a container id: ${printable(prefix)}`, {
      hint: "an id is hexadecimal: container:4f2a91c0",
    });
  const containers = processesByContainer();
  const matching = [...containers.keys()].filter((id) => id.startsWith(prefix)).toSorted();
  const [id] = matching;
  if (id === undefined)
    throw new TargetError(`no container on this host has an id that begins with ${prefix}`, {
      hint: hintOf([...containers.keys()]),
    });
  if (matching.length > 1)
    throw new TargetError(`${matching.length} containers begin with ${prefix}`, { hint: hintOf(matching) });
  const pids = oldestFirst(containers.get(id) ?? []);
  const [pid] = pids;
  if (pid === undefined) throw new TargetError(`container ${id.slice(0, SHORT_ID)} has ended`);
  return hold({ kind: "container", asked: `container:${prefix}`, pid, siblings: pids });
}

function hintOf(ids: readonly string[]): string {
  if (ids.length === 0)
    return "no process of this host is in a container that is known by its control group; use --pid PID";
  const shown = ids.slice(0, SHOWN).map((id) => id.slice(0, SHORT_ID));
  return `there are: ${shown.join(", ")}${ids.length > SHOWN ? ` and ${ids.length - SHOWN} more` : ""}`;
}

function processesByContainer(): ReadonlyMap<string, readonly number[]> {
  const containers = new Map<string, number[]>();
  for (const [pid, bytes] of readOfEach("cgroup", 16 * 1024)) {
    const id = parseCgroupFile(bytes.toString("latin1")).containerId;
    if (id !== undefined) containers.set(id, [...(containers.get(id) ?? []), pid]);
  }
  return containers;
}

/** What was started in a running container later (`exec`) is younger than its init. */
function oldestFirst(pids: readonly number[]): readonly number[] {
  const stats = readOfEach("stat", 4096);
  const started = pids.flatMap((pid) => {
    const stat = parseProcStat(stats.get(pid)?.toString("latin1") ?? "");
    return stat === undefined ? [] : [{ pid, ticks: BigInt(stat.startTime) }];
  });
  return started
    .toSorted((a, b) => (a.ticks === b.ticks ? a.pid - b.pid : a.ticks < b.ticks ? -1 : 1))
    .map(({ pid }) => pid);
}
