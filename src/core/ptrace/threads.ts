// Stopping every thread of a process, and letting all go again. What must stay true: PTRACE_SEIZE stops nothing, so it is
// done while the target runs; when this process ends at any moment, the kernel lets every thread go (ptrace(2)).
import { readdirSync, readFileSync } from "node:fs";
import { ExhibitError } from "../../errors.ts";
import { Errno, Request, SystemError, type System } from "./system.ts";

const EVENT_STOP = 128;

export function listThreads(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map(Number);
}

export interface HeldThreads {
  /** Those that stand, the leading one first. */
  readonly stopped: () => readonly number[];
  /** Stops them, those that are born meanwhile included. Throws when one does not stop in time: then this process must end. */
  readonly stop: (timeoutMs: number) => void;
  readonly release: () => void;
}

/** Seizes every thread, or only some; none is stopped. Throws ExhibitError when the target is traced already, or may not be traced. */
export function holdThreads(system: System, pid: number, only?: readonly number[]): HeldThreads {
  const seized = new Set<number>();
  const stopped = new Set<number>();
  let released = false;
  const isNew = (one: number) => !seized.has(one) && (only === undefined || only.includes(one));
  const seizeNew = () => {
    for (let more = true; more;) {
      more = false;
      for (const thread of listThreads(pid).filter(isNew))
        if (seize(system, pid, thread)) {
          seized.add(thread);
          more = true;
        }
    }
  };
  const drop = (thread: number) => {
    seized.delete(thread);
    stopped.delete(thread);
  };
  const release = () => {
    if (released) return;
    released = true;
    for (const thread of seized)
      try {
        system.ptrace(Request.DETACH, thread, 0, 0);
      } catch {
        // It has ended; or it never stopped, and the kernel lets it go when we end.
      }
  };
  try {
    seizeNew();
  } catch (error) {
    release();
    throw error;
  }
  return {
    stopped: () => [...stopped].toSorted((a, b) => (a === pid ? -1 : b === pid ? 1 : a - b)),
    stop: (timeoutMs) => {
      const end = performance.now() + timeoutMs;
      for (;;) {
        seizeNew();
        const running = [...seized].filter((thread) => !stopped.has(thread));
        if (running.length === 0) return;
        for (const thread of running) if (!interrupt(system, thread)) drop(thread);
        for (const thread of running.filter((one) => seized.has(one)))
          if (waitForStop(system, thread, end)) stopped.add(thread);
          else drop(thread);
      }
    },
    release,
  };
}

/** False for a thread that has ended meanwhile, or that is an ended leader whose other threads live on. */
function seize(system: System, pid: number, thread: number): boolean {
  try {
    system.ptrace(Request.SEIZE, thread, 0, 0);
    return true;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.errno === Errno.ESRCH || hasEnded(pid, thread)) return false;
    const tracer = tracerOf(pid, thread);
    throw new ExhibitError(
      tracer === undefined
        ? "the target may not be traced"
        : `the target is already traced, by process ${tracer}`,
      tracer === undefined ? { hint: "run as root, or with CAP_SYS_PTRACE" } : {},
    );
  }
}

function readTask(pid: number, thread: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/${file}`, "latin1");
  } catch {
    return undefined;
  }
}

function hasEnded(pid: number, thread: number): boolean {
  const stat = readTask(pid, thread, "stat");
  return stat === undefined || /^\) [ZX]/.test(stat.slice(stat.lastIndexOf(")")));
}

function tracerOf(pid: number, thread: number): string | undefined {
  return /^TracerPid:\s*([1-9]\d*)/m.exec(readTask(pid, thread, "status") ?? "")?.[1];
}

function interrupt(system: System, thread: number): boolean {
  try {
    system.ptrace(Request.INTERRUPT, thread, 0, 0);
    return true;
  } catch (error) {
    if (error instanceof SystemError && error.errno === Errno.ESRCH) return false;
    throw error;
  }
}

/** Waits for PTRACE_EVENT_STOP; a signal that comes first is handed through. False when the thread ended instead. */
function waitForStop(system: System, thread: number, end: number): boolean {
  for (;;) {
    const status = system.wait(thread, Math.max(0, end - performance.now()));
    if (status === undefined)
      throw new ExhibitError(`thread ${thread} did not stop in time: it waits where no signal reaches it`);
    if ((status & 0xff) !== 0x7f) return false;
    const event = status >>> 16;
    if (event === EVENT_STOP) return true;
    try {
      system.ptrace(Request.CONT, thread, 0, event === 0 ? (status >>> 8) & 0xff : 0);
    } catch (error) {
      if (error instanceof SystemError && error.errno === Errno.ESRCH) return false;
      throw error;
    }
  }
}
