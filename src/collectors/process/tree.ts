// The family of the target in the manner of ptree(1): its ancestors, itself, its descendants. Made of /proc/*/stat, as
// not every kernel has task/*/children, and a child of any thread is a child of the process.
import { parseProcStat, type ProcStat } from "../../parsers/proc-stat.ts";
import { printable } from "../../printable.ts";
import { inBatches, tryRead } from "../attempts.ts";
import type { CollectorContext } from "../collector.ts";
import type { ProcessOptions } from "./linux.ts";

interface Member {
  readonly depth: number;
  readonly stat: ProcStat;
}

const STAT_BYTES = 1024;
const ARGUMENTS_BYTES = 512;
const MAX_ANCESTORS = 64;
/** Some more than the 79 bytes that illumos keeps; other people's arguments are not ours to collect at length. */
const SHOWN_CHARACTERS = 120;
/** What may end between listing and reading. */
const GONE = ["ENOENT", "ESRCH"];

/** Saves tree.txt and tree.json. */
export async function collectTree(context: CollectorContext<ProcessOptions>): Promise<void> {
  const { host, gap, options, target } = context;
  const names = await tryRead(gap, { what: "/proc", read: () => host.list("/proc") });
  if (names === undefined) return;
  const pids = names.flatMap((name) => (/^\d{1,10}$/.test(name) ? [Number(name)] : []));
  const looked = pids.slice(0, options.maxProcesses);
  if (pids.length > looked.length)
    gap(`the tree was made of ${looked.length} of ${pids.length} processes (maxProcesses)`);

  const stats = new Map<number, ProcStat>();
  const look = async (pid: number) => {
    const what = `/proc/${pid}/stat`;
    const bytes = await tryRead(gap, { what, quiet: GONE, read: () => host.read(what, STAT_BYTES) });
    const stat = bytes === undefined ? undefined : parseProcStat(bytes.toString("utf8"));
    if (stat !== undefined) stats.set(pid, stat);
    return stat;
  };
  await inBatches(looked, look);
  const ancestors = await ancestorsOf(target.pid, async (pid) => stats.get(pid) ?? (await look(pid)));
  const descendants = descendantsOf(target.pid, {
    stats,
    limit: options.maxDescendants,
    depth: ancestors.length,
  });
  if (descendants.length > options.maxDescendants) {
    gap(`the tree shows the first ${options.maxDescendants} descendants (maxDescendants)`);
    descendants.length = options.maxDescendants;
  }
  const members = [...ancestors, ...descendants];
  const rows = await inBatches(members, async ({ depth, stat }) => {
    const shown = await argumentsOf(context, stat);
    return {
      pid: stat.pid,
      parentPid: stat.parentPid,
      depth,
      state: stat.state,
      startTime: stat.startTime,
      arguments: shown,
    };
  });
  const text = rows.map((row) => `${"  ".repeat(row.depth)}${String(row.pid).padEnd(5)} ${row.arguments}\n`);
  await context.save("tree.txt", text.join(""));
  await context.saveJson("tree.json", rows);
}

/** From the oldest to the target itself. */
async function ancestorsOf(
  pid: number,
  statOf: (pid: number) => Promise<ProcStat | undefined>,
): Promise<readonly Member[]> {
  const chain: ProcStat[] = [];
  // Pids change while we look: a chain may even be a ring.
  for (let next = pid; next > 0 && chain.length < MAX_ANCESTORS;) {
    const stat = await statOf(next);
    if (stat === undefined || chain.some((known) => known.pid === stat.pid)) break;
    chain.unshift(stat);
    next = stat.parentPid;
  }
  return chain.map((stat, depth) => ({ depth, stat }));
}

/** Depth first, oldest child first; at most one more than the limit, which shows that there are more. */
function descendantsOf(
  pid: number,
  { stats, limit, depth }: { stats: ReadonlyMap<number, ProcStat>; limit: number; depth: number },
): Member[] {
  const children = new Map<number, ProcStat[]>();
  for (const stat of stats.values()) {
    const siblings = children.get(stat.parentPid);
    if (siblings === undefined) children.set(stat.parentPid, [stat]);
    else siblings.push(stat);
  }
  const found: Member[] = [];
  const seen = new Set([pid]);
  const pending = [{ pid, depth: depth - 1 }];
  while (found.length <= limit) {
    const parent = pending.pop();
    if (parent === undefined) break;
    const own = stats.get(parent.pid);
    if (parent.pid !== pid && own !== undefined) found.push({ depth: parent.depth, stat: own });
    const next = (children.get(parent.pid) ?? []).filter((child) => !seen.has(child.pid));
    next.sort((a, b) => Number(b.startTime) - Number(a.startTime));
    for (const child of next) {
      seen.add(child.pid);
      pending.push({ pid: child.pid, depth: parent.depth + 1 });
    }
  }
  return found;
}

/** As ptree shows them: `<defunct>` for a zombie, the name in brackets for a thread of the kernel. */
async function argumentsOf({ host }: CollectorContext<unknown>, stat: ProcStat): Promise<string> {
  if (stat.state === "Z") return "<defunct>";
  const what = `/proc/${stat.pid}/cmdline`;
  // Without them the name does, so that it is no gap.
  const read = () => host.read(what, ARGUMENTS_BYTES);
  const bytes = await tryRead(() => undefined, { what, read });
  const text = bytes?.toString("utf8").replace(/\0+$/, "").replaceAll("\0", " ");
  return printable(text || `[${stat.command}]`, SHOWN_CHARACTERS);
}
