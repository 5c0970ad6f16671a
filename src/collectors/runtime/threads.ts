// The Linux half of the runtime collector: what a plain read of /proc tells about a runtime. Its threads' names and CPU time
// are saved as they are. They are no measure of garbage collection and are never called one: V8's workers also compile,
// and their CPU time misses the pauses of the main thread.
import { UnsupportedError } from "../../errors.ts";
import { printable } from "../../printable.ts";
import { answerTo } from "../attempts.ts";
import type { CollectorContext, Reading } from "../collector.ts";

const MAX_THREADS = 1000;
const PERIOD_MS = 1000;

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

/** Saves runtime.json and thread-cpu.json, then throws UnsupportedError: the GC share itself is not known. */
export async function describeRuntime(context: CollectorContext<unknown>): Promise<readonly Reading[]> {
  let first: Look | undefined;
  let last: Look | undefined;
  for await (const tick of context.ticks(PERIOD_MS)) {
    last = { monotonicMs: tick.monotonicMs, ...(await lookAtThreads(context)) };
    if (first === undefined) {
      first = last;
      await saveRuntime(context, first);
    }
  }
  if (first !== undefined && last !== undefined && last !== first) await saveCpu(context, first, last);
  throw new UnsupportedError(reasonFor(context));
}

function reasonFor({ target }: CollectorContext<unknown>): string {
  if (target.runtime.name === "node")
    return "GC share and requests need the inspector, which this version does not use";
  if (target.runtime.name === "jvm")
    return "GC share needs the JVM's attach, which this version does not use";
  return `no way to look inside this runtime (${target.runtime.name})`;
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

async function saveRuntime(
  { target, saveJson, gap, method }: CollectorContext<unknown>,
  look: Look,
): Promise<void> {
  method("proc");
  const groups = new Map<string, number>();
  for (const { group } of look.threads.values()) groups.set(group, (groups.get(group) ?? 0) + 1);
  if (look.threads.size === 0) gap("its threads could not be listed");
  if (look.leftOut > 0) gap(`${look.leftOut} of its threads were not looked at`);
  const threads = [...groups].map(([name, count]) => ({ name, count })).toSorted((a, b) => b.count - a.count);
  await saveJson("runtime.json", { name: target.runtime.name, version: target.runtime.version, threads });
}

/** CPU time of the threads that were there at both ends, in percent of one CPU. */
async function saveCpu({ saveJson }: CollectorContext<unknown>, first: Look, last: Look): Promise<void> {
  const windowMs = last.monotonicMs - first.monotonicMs;
  if (windowMs <= 0) return;
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
}
