// The Linux half of the runtime collector: what a plain read of /proc tells about a runtime. Its threads' names and CPU time
// are saved as they are. They are no measure of garbage collection and are never called one: V8's workers also compile,
// and their CPU time misses the pauses of the main thread.
import { printable } from "../../printable.ts";
import { answerTo } from "../attempts.ts";
import type { CollectorContext } from "../collector.ts";

const MAX_THREADS = 1000;

interface Thread {
  readonly group: string;
  /** CPU time so far, from /proc/PID/task/T/schedstat. */
  readonly cpuNs: number | undefined;
}

interface Look {
  readonly monotonicMs: number;
  readonly threads: ReadonlyMap<string, Thread>;
  readonly leftOut: number;
}

interface GroupCpu {
  readonly name: string;
  readonly count: number;
  readonly cpuPercent: number;
}

export interface ThreadWatch {
  readonly look: (monotonicMs: number) => Promise<void>;
  /** Saves thread-cpu.json; a hint about V8's workers, to be added to a sentence, or "". */
  readonly end: () => Promise<string>;
}

/** Saves runtime.json at the first look and thread-cpu.json at the end. */
export function watchThreads(context: CollectorContext<unknown>): ThreadWatch {
  let first: Look | undefined;
  let last: Look | undefined;
  return {
    look: async (monotonicMs) => {
      last = { monotonicMs, ...(await lookAtThreads(context)) };
      if (first !== undefined) return;
      first = last;
      await saveRuntime(context, first);
    },
    end: async () => {
      if (first === undefined || last === undefined || last === first) return "";
      return hintOf(await saveCpu(context, first, last));
    },
  };
}

async function lookAtThreads({ process }: CollectorContext<unknown>): Promise<Omit<Look, "monotonicMs">> {
  const listing = await answerTo(process.list("task"));
  const ids = "value" in listing ? listing.value.filter((name) => /^\d+$/.test(name)) : [];
  const threads = new Map<string, Thread>();
  for (const id of ids.slice(0, MAX_THREADS)) {
    const [comm, schedstat] = await Promise.all([
      answerTo(process.read(`task/${id}/comm`)),
      answerTo(process.read(`task/${id}/schedstat`)),
    ]);
    // A thread that ended in between.
    if ("errno" in comm) continue;
    const nanoseconds =
      "value" in schedstat ? /^(\d{1,15}) /.exec(schedstat.value.toString("utf8"))?.[1] : undefined;
    const cpuNs = nanoseconds === undefined ? undefined : Number(nanoseconds);
    threads.set(id, { group: groupOf(comm.value), cpuNs });
  }
  return { threads, leftOut: Math.max(0, ids.length - MAX_THREADS) };
}

/** Threads of a pool differ in a number at the end: `GC Thread#3`, `libuv-worker-2`. */
function groupOf(comm: Buffer): string {
  const name = comm.at(-1) === 10 ? comm.subarray(0, -1) : comm;
  return printable(name, 64).replace(/\d+$/, "*");
}

async function saveRuntime({ target, saveJson, gap }: CollectorContext<unknown>, look: Look): Promise<void> {
  const groups = new Map<string, number>();
  for (const { group } of look.threads.values()) groups.set(group, (groups.get(group) ?? 0) + 1);
  if (look.threads.size === 0) gap("its threads could not be listed");
  if (look.leftOut > 0) gap(`${look.leftOut} of its threads were not looked at`);
  const threads = [...groups].map(([name, count]) => ({ name, count })).toSorted((a, b) => b.count - a.count);
  await saveJson("runtime.json", { name: target.runtime.name, version: target.runtime.version, threads });
}

/** CPU time of the threads that were there at both ends, in percent of one CPU. */
async function saveCpu(
  { saveJson }: CollectorContext<unknown>,
  first: Look,
  last: Look,
): Promise<readonly GroupCpu[]> {
  const windowMs = last.monotonicMs - first.monotonicMs;
  if (windowMs <= 0) return [];
  const groups = new Map<string, { threads: number; cpuPercent: number }>();
  for (const [id, { group, cpuNs }] of last.threads) {
    const before = first.threads.get(id)?.cpuNs;
    if (cpuNs === undefined || before === undefined || cpuNs < before) continue;
    const sum = groups.get(group) ?? { threads: 0, cpuPercent: 0 };
    const cpuPercent = sum.cpuPercent + (cpuNs - before) / (windowMs * 10_000);
    groups.set(group, { threads: sum.threads + 1, cpuPercent });
  }
  const threads = [...groups].map(([name, { threads: count, cpuPercent }]) => ({
    name,
    count,
    cpuPercent: Math.round(cpuPercent * 100) / 100,
  }));
  await saveJson("thread-cpu.json", { windowMs: Math.round(windowMs), threads });
  return threads;
}

/** Threads of V8 that also collect garbage have a name of their own since Node 24. A hint: it is no share of anything. */
function hintOf(groups: readonly GroupCpu[]): string {
  const cpu = (pattern: RegExp) => groups.find(({ name }) => pattern.test(name))?.cpuPercent;
  const [workers, main] = [cpu(/^(?:node-)?V8Worker$/), cpu(/^(?:node-)?MainThread$/)];
  if (workers === undefined || main === undefined) return "";
  return `; a hint: V8's workers used ${workers}% of a CPU beside ${main}% of the main thread`;
}
