// A thread that no tracer can stop: in vfork(2), or in a call to a disk that does not answer. Whoever tries to stop its process
// stops the others and waits for it (our helper for a moment, gdb and eu-stack for ever), so it is looked for before.
import { delay } from "../host/clock.ts";
import { parseProcStatus } from "../parsers/proc-status.ts";

/** A disk that is only slow wakes its thread within this time, as a rule, and then it can be stopped. */
const LOOKS = 10;
const BETWEEN_LOOKS_MS = 30;

/** Threads in uninterruptible sleep, and how often each had been put to sleep. */
export type Asleep = ReadonlyMap<number, number | undefined>;

/** Of the text of /proc/PID/task/TID/status by thread. */
export function asleepOf(statuses: Iterable<readonly [number, string]>): Asleep {
  const found = new Map<number, number | undefined>();
  for (const [thread, text] of statuses) {
    const { state, voluntarySwitches } = parseProcStatus(text);
    if (state === "D") found.set(thread, voluntarySwitches);
  }
  return found;
}

/** Why no thread may be stopped; undefined when none is stuck. */
export async function reasonOfStuckThread(look: () => Promise<Asleep> | Asleep): Promise<string | undefined> {
  let stuck = await look();
  for (let looks = 1; looks < LOOKS && stuck.size > 0; looks++) {
    await delay(BETWEEN_LOOKS_MS);
    const now = await look();
    // One that was awake in between sleeps another time.
    stuck = new Map([...stuck].filter(([thread, times]) => now.has(thread) && now.get(thread) === times));
  }
  const [first] = stuck.keys();
  return first === undefined
    ? undefined
    : `thread ${first} cannot be stopped: it is in uninterruptible sleep`;
}
