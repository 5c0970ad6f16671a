// A process that was found: held, identified, and with all that speaks against stopping it.
import { closeSync, constants, openSync } from "node:fs";
import type { Platform } from "../collectors/collector.ts";
import type { Target } from "../bundle/manifest.ts";
import { TargetError, errnoOf } from "../errors.ts";
import { isGone, openProcess, type HeldProcess } from "../host/process-files.ts";
import { parseProcStatus } from "../parsers/proc-status.ts";
import { readBasics, type Basics } from "./basics.ts";
import { attempt } from "./executable.ts";
import { readTarget, type Asked } from "./facts.ts";
import { identityOf, type Identity } from "./identity.ts";

export interface CommandResult {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** What finding a target needs of the host besides /proc. */
export interface TargetHost {
  readonly platform: Platform;
  /** Runs a command without a shell; rejects when it cannot be started. */
  readonly run: (argv: readonly [string, ...string[]]) => Promise<CommandResult>;
}

export interface FoundTarget {
  readonly kind: Target["kind"];
  readonly asked: string;
  /** Whoever asked for it closes it. */
  readonly held: HeldProcess;
  readonly identity: Identity;
  readonly target: Target;
  /** The other processes of the unit or container. */
  readonly siblings: readonly number[];
  /** Why nothing may stop this process, in words; empty when it may be stopped. */
  readonly careful: readonly string[];
  /** Whether its memory and open files may be read; `reason` says what is missing. */
  readonly rights: { readonly readable: boolean; readonly reason?: string };
}

export interface Candidate extends Asked {
  readonly pid: number;
  readonly siblings?: readonly number[];
}

/** Opens, checks and describes one process. Throws a TargetError when it is gone, a zombie, a thread, or Exhibit itself. */
export function hold(candidate: Candidate): FoundTarget {
  const { pid } = candidate;
  if (pid === process.pid) throw new TargetError(`process ${pid} is exhibit itself`);
  const held = openProcess(pid);
  try {
    const basics = readBasics(held);
    if (basics === undefined) throw new TargetError(`process ${pid} is gone`);
    refuseZombie(held, basics);
    refuseThread(held);
    return {
      kind: candidate.kind,
      asked: candidate.asked,
      held,
      identity: identityOf(held),
      target: readTarget(held, candidate),
      siblings: (candidate.siblings ?? []).filter((sibling) => sibling !== pid),
      careful: reasonsForCare(pid, basics),
      rights: rightsOn(held, basics),
    };
  } catch (error) {
    held.close();
    if (!isGone(error)) throw error;
    throw new TargetError(`process ${pid} is gone`, { cause: error });
  }
}

function refuseZombie(held: HeldProcess, basics: Basics): void {
  if (!basics.isZombie) return;
  const { pid } = held;
  // /proc/PID tells of the first thread alone; with it gone nothing there can be read (pthread_exit(3)).
  const others = (attempt(() => held.listSync("task")) ?? []).filter((thread) => thread !== String(pid));
  const [other] = others;
  if (other !== undefined)
    throw new TargetError(
      `process ${pid} lives, but its first thread has ended (threads that run on: ${others.length}): exhibit cannot look at such a process`,
      { hint: `gdb can: gdb -p ${other} --batch -ex 'generate-core-file FILE', then exhibit add FILE` },
    );
  throw new TargetError(`process ${pid} is a zombie: it has ended, and nothing of it is left to save`, {
    hint: `its parent, process ${basics.parentPid}, has not collected it: look there`,
  });
}

/** /proc/TID exists for every thread, though it is not listed (proc(5), "/proc/tid"). */
function refuseThread(held: HeldProcess): void {
  const status = attempt(() => held.readSync("status").toString("latin1")) ?? "";
  const leader = parseProcStatus(status).processId;
  if (leader === undefined || leader === held.pid) return;
  throw new TargetError(`${held.pid} is a thread of process ${leader}`, { hint: `use --pid ${leader}` });
}

function reasonsForCare(pid: number, basics: Basics): readonly string[] {
  const reasons: string[] = [];
  if (pid === 1) reasons.push("process 1 is the host's own init");
  if (basics.isKernelThread) reasons.push("it is a thread of the kernel");
  if (ancestors().includes(pid)) reasons.push("exhibit runs below it");
  return reasons;
}

/** The processes above us, nearest first. */
export function ancestors(): readonly number[] {
  const above: number[] = [];
  for (let pid = process.ppid; pid > 0 && !above.includes(pid);) {
    above.push(pid);
    pid = parentOf(pid) ?? 0;
  }
  return above;
}

function parentOf(pid: number): number | undefined {
  const held = holdIfThere(pid);
  if (held === undefined) return undefined;
  try {
    return readBasics(held)?.parentPid;
  } finally {
    held.close();
  }
}

/** Undefined when the process has ended, or is hidden from us. */
export function holdIfThere(pid: number): HeldProcess | undefined {
  try {
    return openProcess(pid);
  } catch (error) {
    if (error instanceof TargetError || errnoOf(error) !== undefined) return undefined;
    throw error;
  }
}

/** Tried, not computed: capabilities, Yama, namespaces and security modules all have a say (ptrace(2), access mode checking). */
function rightsOn(held: HeldProcess, basics: Basics): FoundTarget["rights"] {
  if (basics.isKernelThread)
    return { readable: false, reason: "a thread of the kernel has no memory of its own" };
  const memory = basics.source === "stat" ? "mem" : "as";
  try {
    held.listSync("fd");
    closeSync(openSync(held.pathOf(memory), constants.O_RDONLY | constants.O_NONBLOCK));
    return { readable: true };
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    return {
      readable: false,
      reason: `needs the rights of root or CAP_SYS_PTRACE for process ${held.pid} (${code})`,
    };
  }
}
