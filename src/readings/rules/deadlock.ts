import type { ThreadEvidence, ThreadLook } from "../evidence/threads.ts";
import { lineOf } from "../fact.ts";
import { lockWaitsOf, restedThreads } from "../lock-waits.ts";
import type { Judged, Rule } from "../rule.ts";
import { count, seconds } from "../wording.ts";

/** One is the wait for somebody who may be slow; two threads in two locks have each other. */
const LEAST_THREADS = 2;
const LEAST_LOOKS = 3;

export const deadlock: Rule = {
  id: "deadlock",
  question: "Do threads wait for each other for ever?",
  next: "Which two locks, in which order? A restart frees them until it happens again; the core has the owners.",
  judge: ({ threads, runtime }) => {
    const java = runtime?.javaThreads;
    const found: readonly Judged[] =
      java?.value.deadlockLine === undefined
        ? []
        : [
            {
              text: "The JVM itself found threads that wait for each other's monitors: a deadlock.",
              value: 1,
              unit: "count",
              method: "jcmd",
              sureness: "certain",
              speaksFor: "restart",
              ...lineOf(java),
            },
          ];
    return [...found, ...(threads === undefined ? [] : onFutexes(threads))];
  },
};

/** Threads that waited for the same lock at every look and never got on, when there are two such locks or nobody gets on. */
function onFutexes(threads: ThreadEvidence): readonly Judged[] {
  const { looks, threads: all } = lockWaitsOf(threads);
  if (looks.length < LEAST_LOOKS) return [];
  const rested = restedThreads(threads);
  const stuck = new Map<string, readonly ThreadLook[]>();
  for (const [address, those] of looks.at(-1) ?? []) {
    const still = those.filter(
      ({ tid }) =>
        rested.has(tid) && looks.every((waits) => waits.get(address)?.some((look) => look.tid === tid)),
    );
    if (still.length > 0) stuck.set(address, still);
  }
  const waiting = [...stuck.values()].flat();
  const isCircle = stuck.size >= 2;
  // All but the one that holds it, and one that waits for their end.
  const isEverybody = waiting.length >= Math.max(LEAST_THREADS, all - 2) && rested.size >= all;
  const [example] = waiting;
  if (example === undefined || waiting.length < LEAST_THREADS || !(isCircle || isEverybody)) return [];
  const what = stuck.size === 1 ? "the same lock" : `${stuck.size} locks`;
  const text = `${count(waiting.length, "thread")} of ${all} waited for ${what} at all ${looks.length} looks and did not run once in ${seconds(threads.windowMs)}.`;
  return [
    {
      text,
      value: waiting.length,
      unit: "count",
      windowMs: threads.windowMs,
      method: "futex",
      sureness: "likely",
      speaksFor: "restart",
      line: example.line,
      file: threads.looksFile,
    },
  ];
}
