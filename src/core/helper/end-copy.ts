// The end of a copy: nothing of it may stay behind, not even its zombie.
import { messageOf } from "../../errors.ts";
import { parseProcStat } from "../../parsers/proc-stat.ts";
import { discard, reapCopies, type Copy } from "../ptrace/copy.ts";
import type { Gadgets } from "../ptrace/gadgets.ts";
import { ChainBrokenError } from "../ptrace/run-chain.ts";
import type { System } from "../ptrace/system.ts";
import { holdThreads, listThreads } from "../ptrace/threads.ts";
import { Aborted } from "./aborted.ts";
import type { HelperRequest, Hooks } from "./request.ts";
import { read } from "./target.ts";

const STOP_MS = 500;
/** A copy of many gigabytes takes its time to end on a busy host. */
const END_MS = 30_000;
const REAP_MS = 10_000;
/** Threads that are asked, one after the other, to wait for the copy. */
const MOST_REAPERS = 8;

/** Kills a copy and takes the tracer's notice of it; its parent, the target, must still wait for it. */
export function endCopy(system: System, copy: Copy): Copy {
  discard(copy.pid);
  try {
    for (let status = 0; status !== undefined;) {
      status = system.wait(copy.pid, END_MS) ?? -1;
      // Killed, or ended: anything else was on its way before.
      if (status === -1 || (status & 0xff) !== 0x7f) break;
    }
  } catch {
    // Somebody collected it already.
  }
  return copy;
}

/**
 * One thread of the target waits for the dead copies, the one that made them if it still can; the others run on. False when
 * none can, or the target has ended: then the zombies, which hold no memory, stay until it ends.
 */
export function reap(
  system: System,
  work: {
    readonly request: HelperRequest;
    readonly gadgets: Gadgets;
    readonly hooks: Hooks;
    readonly copies: readonly Copy[];
    readonly by: number | undefined;
  },
): boolean {
  const { request, gadgets, copies, hooks, by } = work;
  const { pid } = request;
  try {
    if (parseProcStat(read(pid, "stat"))?.startTime !== request.startTime) return false;
    const others = listThreads(pid).filter((thread) => thread !== by);
    for (const thread of [...(by === undefined ? [] : [by]), ...others].slice(0, MOST_REAPERS)) {
      const held = holdThreads(system, pid, [thread]);
      try {
        held.stop(STOP_MS);
        hooks.onStep?.("reaping");
        const results = reapCopies({
          system,
          pid,
          stopped: held.stopped(),
          gadgets,
          isFiltered: false,
          copies,
          timeoutMs: REAP_MS,
          ...(hooks.onStep ? { onStep: hooks.onStep } : {}),
        });
        if (results !== undefined)
          return results.every((result, index) => result === copies[index]?.pidInside);
      } finally {
        held.release();
      }
    }
    return false;
  } catch (error) {
    if (error instanceof ChainBrokenError)
      throw new Aborted(messageOf(error), { pausedMs: 0, mustEnd: true });
    return false;
  }
}
