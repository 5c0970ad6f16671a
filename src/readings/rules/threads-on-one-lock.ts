import type { ThreadEvidence, ThreadLook } from "../evidence/threads.ts";
import type { JvmThreads } from "../../parsers/jvm-threads.ts";
import { lockWaitsOf } from "../lock-waits.ts";
import type { Judged, Rule } from "../rule.ts";
import { count } from "../wording.ts";

const LEAST_THREADS = 3;
const LEAST_LOOKS = 2;
/** Of all threads, at a look that counts; and of the looks, that must count. */
const MOST_SHARE = 0.5;

export const threadsOnOneLock: Rule = {
  id: "threads-on-one-lock",
  question: "Do the threads wait for one lock?",
  next: "Who holds it, and what does that thread do? Stacks of all threads say.",
  judge: ({ threads, runtime }) => [
    ...(threads === undefined ? [] : onFutex(threads)),
    ...(runtime?.javaThreads === undefined
      ? []
      : onMonitor(runtime.javaThreads.value, runtime.javaThreads.file)),
  ],
};

/** Of the lock with the most waiters: the look in the middle of those at which most threads waited for it. */
function onFutex(threads: ThreadEvidence): readonly Judged[] {
  const { looks, threads: all } = lockWaitsOf(threads);
  const byLock = new Map<string, (readonly ThreadLook[])[]>();
  for (const waits of looks)
    for (const [address, those] of waits)
      if (those.length >= LEAST_THREADS && those.length >= all * MOST_SHARE)
        byLock.set(address, [...(byLock.get(address) ?? []), those]);
  const [worst] = [...byLock].toSorted(([, a], [, b]) => b.length - a.length);
  if (worst === undefined || looks.length < LEAST_LOOKS) return [];
  const [address, times] = worst;
  if (times.length < Math.max(LEAST_LOOKS, looks.length * MOST_SHARE)) return [];
  const middle = times.toSorted((a, b) => a.length - b.length)[Math.floor((times.length - 1) / 2)] ?? [];
  const where = `the lock at ${address} at ${times.length} of ${count(looks.length, "look")}`;
  return [
    {
      text: `${middle.length} of ${count(all, "thread")} waited for ${where}.`,
      value: middle.length,
      unit: "count",
      windowMs: threads.windowMs,
      method: "futex",
      sureness: "likely",
      speaksFor: "none",
      ...(middle[0] === undefined ? {} : { line: middle[0].line }),
      file: threads.looksFile,
    },
  ];
}

function onMonitor({ blocked, count: all }: JvmThreads, file: string): readonly Judged[] {
  const [worst] = [...blocked].toSorted(([, a], [, b]) => b.count - a.count);
  if (worst === undefined || worst[1].count < LEAST_THREADS) return [];
  const [address, { count: waiting, line }] = worst;
  const text = `${waiting} of ${count(all, "Java thread")} waited for the monitor ${address} at one look.`;
  const sure = { sureness: "likely", speaksFor: "none" } as const;
  return [{ text, value: waiting, unit: "count", method: "jcmd", ...sure, line, file }];
}
