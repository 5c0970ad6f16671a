// Which thread makes the copy. It must be one that does not notice: that waits in a call which the kernel resumes, on a
// stack that is surely its own and has room, and not in the middle of what must not be interrupted.
import { readFileSync } from "node:fs";
import type { Area } from "../../parsers/proc-maps.ts";
import { Regset, Request, SystemError, type System } from "./system.ts";
import { CODE_SEGMENT_64, getRegister, isInCall, isInterrupted, isTimed, REGISTER_BYTES } from "./x86-64.ts";

/** For a handler that a signal starts on top of the chain. */
const HANDLER_BYTES = 16 * 1024;

export interface Choice {
  /** The best first. */
  readonly threads: readonly number[];
  /** Why the others will not do, by the first of them. */
  readonly reason: string | undefined;
}

/** Threads in which a chain of `chainBytes` may run, all of them stopped. */
export function chooseThreads(
  system: System,
  request: {
    readonly pid: number;
    readonly stopped: readonly number[];
    readonly areas: readonly Area[];
    readonly memory: (address: number) => bigint | undefined;
    readonly chainBytes: number;
  },
): Choice {
  const ranked: { readonly thread: number; readonly rank: number }[] = [];
  let reason: string | undefined;
  for (const thread of request.stopped) {
    const registers = system.getRegset(thread, Regset.PRSTATUS, REGISTER_BYTES);
    const against =
      getRegister(registers, "cs") === BigInt(CODE_SEGMENT_64)
        ? (stackFault(registers, request) ?? stateFault(system, { ...request, thread, registers }))
        : "the target runs 32-bit code";
    if (against !== undefined) reason ??= against;
    else ranked.push({ thread, rank: rankOf(registers) });
    // Hundreds of threads wait alike; one is enough.
    if (ranked.some(({ rank }) => rank === 0)) break;
  }
  return { threads: ranked.toSorted((a, b) => a.rank - b.rank).map(({ thread }) => thread), reason };
}

/** A wait without an end is resumed as it was, by us and without us; of one with an end only the kernel knows the rest. */
function rankOf(registers: Buffer): number {
  if (isInterrupted(registers)) return isTimed(registers) ? 2 : 0;
  return isInCall(registers) ? 1 : 3;
}

/**
 * The stack is surely a thread's own when it is the first thread's, or in the same area as the thread's control block,
 * below it: the C libraries put that at the upper end of a thread's stack. A coroutine's stack is neither.
 */
function stackFault(
  registers: Buffer,
  { areas, chainBytes }: { readonly areas: readonly Area[]; readonly chainBytes: number },
): string | undefined {
  const pointer = getRegister(registers, "rsp");
  const control = getRegister(registers, "fsBase");
  const area = areas.find(({ start, end }) => pointer >= BigInt(start) && pointer < BigInt(end));
  if (area === undefined || !area.permissions.startsWith("rw-p"))
    return "its threads' stacks are not private";
  const isFirst = area.name === "[stack]";
  const isThreads = area.inode === 0 && control > pointer && control < BigInt(area.end);
  if (!isFirst && !isThreads) return "its threads run on stacks that it made itself";
  if (Number(pointer) - chainBytes - HANDLER_BYTES < area.start) return "its threads' stacks have no room";
  return undefined;
}

function stateFault(
  system: System,
  at: {
    readonly pid: number;
    readonly thread: number;
    readonly registers: Buffer;
    readonly memory: (address: number) => bigint | undefined;
  },
): string | undefined {
  if (dispatchesSyscalls(system, at.thread)) return "it handles system calls itself (syscall user dispatch)";
  if (hasBorrowedMask(system, at)) return "its threads wait under a signal mask that ends with the wait";
  if (!isInCall(at.registers) && isInRestartable(system, at))
    return "its thread is in a restartable sequence (rseq(2))";
  return undefined;
}

/** prctl(2), PR_SET_SYSCALL_USER_DISPATCH; a kernel without it has no such request. */
function dispatchesSyscalls(system: System, thread: number): boolean {
  const config = Buffer.alloc(32);
  try {
    system.ptrace(Request.GET_SYSCALL_USER_DISPATCH_CONFIG, thread, config.length, config);
    return config.readBigUInt64LE(0) !== 0n;
  } catch (error) {
    if (error instanceof SystemError) return false;
    throw error;
  }
}

/** Within ppoll, sigsuspend and the like: the mask it will have is not the one it has. */
function hasBorrowedMask(
  system: System,
  { pid, thread }: { readonly pid: number; readonly thread: number },
): boolean {
  const mask = Buffer.alloc(8);
  system.ptrace(Request.GETSIGMASK, thread, mask.length, mask);
  const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "latin1");
  const blocked = /^SigBlk:\s*([0-9a-f]+)/m.exec(status)?.[1];
  return blocked === undefined || BigInt(`0x${blocked}`) !== mask.readBigUInt64LE();
}

/** A thread that computes may be between two steps that must not be parted. Unknown is yes. */
function isInRestartable(
  system: System,
  { thread, memory }: { readonly thread: number; readonly memory: (address: number) => bigint | undefined },
): boolean {
  // struct ptrace_rseq_configuration
  const config = Buffer.alloc(24);
  try {
    system.ptrace(Request.GET_RSEQ_CONFIGURATION, thread, config.length, config);
  } catch (error) {
    // A kernel without rseq(2) has no such request.
    if (error instanceof SystemError) return false;
    throw error;
  }
  const area = Number(config.readBigUInt64LE(0));
  return area !== 0 && memory(area + 8) !== 0n;
}
