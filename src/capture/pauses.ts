// Everything that stops the target goes through here, one at a time: the guardian is told first, the pause has a limit,
// the time stopped is measured, and afterwards the target runs again or we say so. A target that was stopped before us
// stays stopped.
import type { Guardian } from "../host/guardian.ts";
import type { HeldProcess } from "../host/process-files.ts";
import { delay } from "../host/clock.ts";
import { monotonicMs } from "../host/monotonic.ts";
import { ExhibitError } from "../errors.ts";

/** How often the target's state is looked at while a tool may hold it; the error of one observed pause. */
const LOOK_MS = 5;
/** After a tracer was killed a SIGSTOP may still be pending: one look is a race (measured: 3 of 60). */
const LOOK_AGAIN_MS = [20, 100, 250];

/** The state letter of /proc/PID/stat: after the last ")", because the name may hold anything. */
export function stateOf(held: HeldProcess): string | undefined {
  try {
    const stat = held.readSync("stat").toString("latin1");
    return stat[stat.lastIndexOf(")") + 2];
  } catch {
    return undefined;
  }
}

/** `T` stopped by a signal, `t` by a tracer (proc(5)). */
const isStopped = (state: string | undefined) => state === "T" || state === "t";

/** TracerPid of /proc/PID/status (proc(5)); a process has at most one tracer. */
function isTraced(held: HeldProcess): boolean {
  try {
    return /^TracerPid:\s*[1-9]/m.test(held.readSync("status").toString("latin1"));
  } catch {
    return false;
  }
}

export interface Pauses {
  /**
   * Runs `work` with at most what is left of the pause limit; its signal aborts when that is spent. `killed` says that
   * the tool did not end by itself, `pausedMs` how long the target stood by the tool's own clock. Resolves with what
   * `work` gave and how long that was; without such a clock, how long the target was seen stopped.
   */
  readonly hold: <T extends { readonly killed: boolean; readonly pausedMs?: number }>(
    name: string,
    work: (signal: AbortSignal) => Promise<T>,
  ) => Promise<Held<T>>;
  readonly leftMs: () => number;
  /** No pause lasts past this moment of the host's monotonic clock. */
  readonly onlyUntil: (untilMs: number) => void;
  readonly totalMs: () => number;
}

export interface Held<T> {
  readonly value: T;
  /** In steps of LOOK_MS, at least one: a shorter stop is not seen. None when another tracer holds the target, or we may not. */
  readonly observedPauseMs: number;
  readonly tooLong: boolean;
}

export function openPauses(request: {
  readonly held: HeldProcess;
  readonly guardian: Guardian;
  readonly maxPauseMs: number;
  /** False where the right to trace it is missing: then no tool stops it, however it tries. */
  readonly mayTrace?: boolean;
  /** Told before and after, for the journal. */
  readonly onPause: (name: string) => Promise<void>;
  readonly onResumed: (name: string, observedPauseMs: number) => Promise<void>;
}): Pauses {
  const { held, guardian } = request;
  let totalMs = 0;
  const traced = isTraced(held);
  const wasStopped = traced || isStopped(stateOf(held));
  const isLeftAlone = traced || request.mayTrace === false;
  const observed = (seenMs: number) => (isLeftAlone ? seenMs : Math.max(LOOK_MS, seenMs));
  let untilMs = Number.POSITIVE_INFINITY;
  const leftMs = () => Math.max(0, Math.min(request.maxPauseMs - totalMs, untilMs - monotonicMs()));

  return {
    leftMs,
    onlyUntil: (ms) => {
      untilMs = ms;
    },
    totalMs: () => totalMs,
    hold: async (name, work) => {
      if (leftMs() === 0) throw new ExhibitError("nothing is left of --max-pause");
      const tooLong = new AbortController();
      await request.onPause(name);
      // The guardian's own limit is for the case that we are frozen: ours comes first. It would also wake a process
      // that somebody else had stopped, so for such a one it only sweeps up.
      if (!wasStopped) await guardian.pause(leftMs() + 3000);
      const watch = watchPause(held, { traced, wasStopped }, () => {
        if (watch.seenMs() > request.maxPauseMs - totalMs || monotonicMs() > untilMs) tooLong.abort();
      });
      let told: number | undefined;
      try {
        const value = await work(tooLong.signal);
        told = value.pausedMs === undefined ? undefined : Math.ceil(value.pausedMs);
        if (!wasStopped) await resume(held, value.killed);
        return { value, observedPauseMs: told ?? observed(watch.stop()), tooLong: tooLong.signal.aborted };
      } catch (error) {
        if (!wasStopped) await resume(held, true);
        throw error;
      } finally {
        const seenMs = observed(watch.stop());
        const pausedMs = told ?? seenMs;
        totalMs += pausedMs;
        if (!wasStopped) await guardian.resumed();
        await request.onResumed(name, pausedMs);
      }
    },
  };
}

/** Looks at the state every few milliseconds and adds up how long it was stopped. */
function watchPause(
  held: HeldProcess,
  before: { readonly traced: boolean; readonly wasStopped: boolean },
  onLook: () => void,
) {
  let seen = 0;
  let last = performance.now();
  const look = () => {
    const now = performance.now();
    const state = stateOf(held);
    // Somebody else's tracer lets nobody in: whatever stops the target then, it is not us.
    if ((state === "t" && !before.traced) || (state === "T" && !before.wasStopped)) seen += now - last;
    last = now;
    onLook();
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    seenMs: () => seen,
    stop: () => {
      clearInterval(timer);
      return Math.round(seen);
    },
  };
}

/**
 * Makes sure the target runs. After a tool was killed SIGCONT is sent without a look, and again while it is stopped;
 * after a tool that ended by itself only a target that is stopped gets one.
 */
async function resume(held: HeldProcess, killed: boolean): Promise<void> {
  if (killed) send(held);
  else if (!isStopped(stateOf(held))) return;
  for (const wait of LOOK_AGAIN_MS) {
    if (isStopped(stateOf(held))) send(held);
    await delay(wait);
  }
  if (isStopped(stateOf(held)))
    throw new ExhibitError(`process ${held.pid} is still stopped`, { hint: `kill -CONT ${held.pid}` });
}

function send(held: HeldProcess): void {
  // Through the held folder we know that the pid is still this process: it may be a zombie, but not another one.
  if (stateOf(held) === undefined) return;
  try {
    process.kill(held.pid, "SIGCONT");
  } catch {
    // It has just ended.
  }
}
