// One look at the threads of a Linux process: a few files each below /proc/PID/task, at a bounded cost.
import { errnoOf } from "../../errors.ts";
import { parseSchedstat } from "../../parsers/schedstat.ts";
import { parseProcStat } from "../../parsers/proc-stat.ts";
import { parseTaskSwitches } from "../../parsers/task-status.ts";
import type { ThreadSample } from "../../parsers/thread-usage.ts";
import { parseWchan } from "../../parsers/wchan.ts";
import { printable } from "../../printable.ts";
import type { CollectorContext, Tick } from "../collector.ts";

type Context = Pick<CollectorContext<unknown>, "process" | "signal">;

/** One thread at one look. `schedstat` is the raw line: when it has not changed, the thread has not run since. */
export interface Look {
  readonly sample: ThreadSample;
  readonly schedstat: string | undefined;
}

/**
 * The threads to read: those read before, then the first thread, then others at even distances. A fixed set has unbroken
 * intervals, and the cost of a look stays bounded however many threads there are.
 */
export function chooseThreads(
  all: readonly number[],
  {
    first,
    most,
    known,
  }: { readonly first: number; readonly most: number; readonly known: ReadonlyMap<number, unknown> },
): readonly number[] {
  if (all.length <= most) return all;
  const kept = all.filter((tid) => tid === first || known.has(tid)).slice(0, most);
  const others = all.filter((tid) => tid !== first && !known.has(tid));
  const room = Math.min(most - kept.length, others.length);
  const spread = Array.from(
    { length: room },
    (_, index) => others[Math.floor((index * others.length) / room)],
  );
  return [...kept, ...spread.filter((tid) => tid !== undefined)];
}

/** More than these files ever hold; a small buffer each is most of what makes a look cheap. */
const LIMIT_BYTES = { stat: 2000, schedstat: 200, status: 16_000, wchan: 200, syscall: 300 };

/** How many threads are read at once: the pool of four is shared with the other samplers. */
const AT_ONCE = 8;

/** The threads that were read, and those that had ended. When time is up the rest is in neither. */
export interface Looks {
  readonly now: ReadonlyMap<number, Look>;
  readonly gone: ReadonlySet<number>;
}

export async function readThreads(
  context: Context,
  request: {
    readonly tick: Tick;
    readonly tids: readonly number[];
    readonly before: ReadonlyMap<number, Look>;
  },
): Promise<Looks> {
  const now = new Map<number, Look>();
  const gone = new Set<number>();
  for (let at = 0; at < request.tids.length && !context.signal.aborted; at += AT_ONCE) {
    const some = request.tids.slice(at, at + AT_ONCE);
    const read = some.map((tid) =>
      readThread(context, { tid, tick: request.tick, last: request.before.get(tid) }),
    );
    for (const [index, look] of (await Promise.all(read)).entries()) {
      if (look === undefined) gone.add(some[index] ?? 0);
      else now.set(look.sample.tid, look);
    }
  }
  return { now, gone };
}

/** Undefined for a thread that has ended. */
async function readThread(
  { process }: Context,
  { tid, tick, last }: { readonly tid: number; readonly tick: Tick; readonly last: Look | undefined },
): Promise<Look | undefined> {
  const line = await process.read(`task/${tid}/stat`, LIMIT_BYTES.stat).catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
  const stat = line === undefined ? undefined : parseProcStat(line.toString("latin1"));
  if (stat === undefined) return undefined;
  const optional = (name: keyof typeof LIMIT_BYTES) =>
    process.read(`task/${tid}/${name}`, LIMIT_BYTES[name]).then((bytes) => bytes.toString("latin1"), absent);
  const schedstat = await optional("schedstat");
  const cpu = parseSchedstat(schedstat ?? "");
  // A thread that has not run still sleeps where it did and has switched no more: two files less, for nearly all of them.
  const rested =
    cpu !== undefined &&
    last?.schedstat === schedstat &&
    last?.sample.state === stat.state &&
    last.sample.startTime === stat.startTime;
  const { voluntary, involuntary, wchan, syscall } = rested ? last.sample : await readWaits(optional);
  const { state, userTicks, systemTicks, majorFaults, processor, startTime } = stat;
  const sample: ThreadSample = {
    at: tick.at,
    monotonicMs: tick.monotonicMs,
    tid: stat.pid,
    name: printable(Buffer.from(stat.command, "latin1"), 64),
    state,
    userTicks,
    systemTicks,
    majorFaults,
    processor,
    startTime,
    runNs: cpu?.runNs,
    waitNs: cpu?.waitNs,
    slices: cpu?.slices,
    voluntary,
    involuntary,
    wchan,
    syscall,
  };
  return { sample, schedstat };
}

/** Which lock a thread waits for is in the arguments of its system call; of any other wait wchan says enough. */
async function readWaits(
  read: (name: "status" | "wchan" | "syscall") => Promise<string | undefined>,
): Promise<Pick<ThreadSample, "voluntary" | "involuntary" | "wchan" | "syscall">> {
  const switches = parseTaskSwitches((await read("status")) ?? "");
  const wchan = parseWchan((await read("wchan")) ?? "");
  const call = wchan?.includes("futex") ? (await read("syscall"))?.trim() : undefined;
  // `running` when it went on meanwhile (proc(5)).
  const syscall = call !== undefined && /^\d{1,4}( 0x[0-9a-f]{1,16}){1,8}$/.test(call) ? call : undefined;
  return { voluntary: switches?.voluntary, involuntary: switches?.involuntary, wchan, syscall };
}

/** Whether a failed read below /proc means that the thread, or the process, has ended (proc(5)). */
export function isGone(error: unknown): boolean {
  return errnoOf(error) === "ENOENT" || errnoOf(error) === "ESRCH";
}

const absent = () => undefined;
