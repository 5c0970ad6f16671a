// Runs a chain in a stopped thread and stays beside it. What must stay true: whatever goes wrong in here, nothing more is
// written to the thread, and this process ends: the thread then finishes the chain by itself (chain.ts). So an error that
// leaves this file after `begun` is fatal for the helper, and harmless for the target.
import { writeSync } from "node:fs";
import { ExhibitError } from "../../errors.ts";
import { buildChain, type CallBuilder } from "./chain.ts";
import { readArea, type Gadgets } from "./gadgets.ts";
import { Option, Regset, Request, type System } from "./system.ts";
import { MOST_EXTENDED_BYTES, REGISTER_BYTES, Syscall, type Call } from "./x86-64.ts";

const EVENT_FORK = 1;
const EVENT_VFORK = 2;
const EVENT_CLONE = 3;
const EVENT_STOP = 128;
const SYSCALL_STOP = 0x85;
const AT_ENTRY = 1;
const AT_EXIT = 2;
const SIGKILL = 9;
const RT_SIGRETURN = BigInt(Syscall.rt_sigreturn);
const CLONE = BigInt(Syscall.clone);
const ALL_SIGNALS = 0xffff_ffff_ffff_ffffn;

/** Moments at which tests end this process, and clocks are read. */
export type ChainStep = "written" | "loaded" | "masked" | "entered" | "cloned" | "returned" | "restored";

export interface ChainRun {
  readonly system: System;
  readonly thread: number;
  /** Descriptor of the target's /proc/PID/mem, open for writing. */
  readonly memory: number;
  readonly gadgets: Gadgets;
  readonly calls: CallBuilder;
  readonly childCalls: readonly Call[];
  readonly timeoutMs: number;
  readonly onStep?: (step: ChainStep) => void;
  /** Called while the thread makes the child, which takes most of the time: what else there is to do. Must not throw. */
  readonly meanwhile?: (thread: number) => void;
}

export interface ChainOutcome {
  /** What each call returned; negative is an errno. */
  readonly results: readonly number[];
  /** The child that a clone made; it stands, before its first instruction, and dies with us. */
  readonly child: number | undefined;
  /** From the first foreign register to the last of its own. */
  readonly windowMs: number;
  /** What the stack held where the chain was written. */
  readonly saved: { readonly address: number; readonly bytes: Buffer };
}

/** The target's registers were changed, and something did not go as it must: end this process. */
export class ChainBrokenError extends ExhibitError {}

/** Throws ChainBrokenError after the chain had begun, anything else before. */
export function runChain(run: ChainRun): ChainOutcome {
  const { system, thread, memory } = run;
  const step = run.onStep ?? (() => undefined);
  const registers = system.getRegset(thread, Regset.PRSTATUS, REGISTER_BYTES);
  const extended = system.getRegset(thread, Regset.X86_XSTATE, MOST_EXTENDED_BYTES);
  const signalMask = getSignalMask(system, thread);
  const chain = buildChain({ ...run, registers, extended, signalMask });
  const saved = readArea(memory, chain.address, chain.bytes.length);
  if (saved.length !== chain.bytes.length) throw new ExhibitError("the thread's stack has no room");
  system.ptrace(Request.SETOPTIONS, thread, 0, Option.SYSGOOD | Option.CLONE | Option.FORK | Option.VFORK);
  for (let at = 0; at < chain.bytes.length;)
    at += writeSync(memory, chain.bytes, at, chain.bytes.length - at, chain.address + at);
  step("written");

  const begun = performance.now();
  try {
    system.setRegset(thread, Regset.PRSTATUS, chain.registers);
    step("loaded");
    // Signals wait, with all that they carry. The chain's last frame brings the mask back, should we not.
    setSignalMask(system, thread, ALL_SIGNALS);
    step("masked");
    const { results, child } = follow(run, chain.calls.length, begun + run.timeoutMs);
    step("returned");
    setSignalMask(system, thread, signalMask);
    system.setRegset(thread, Regset.X86_XSTATE, extended);
    system.setRegset(thread, Regset.PRSTATUS, registers);
    step("restored");
    const windowMs = performance.now() - begun;
    settle(system, thread, registers);
    // Nothing of ours stays, not even where nobody looks.
    for (let at = 0; at < saved.length;)
      at += writeSync(memory, saved, at, saved.length - at, chain.address + at);
    return { results, child, windowMs, saved: { address: chain.address, bytes: saved } };
  } catch (error) {
    throw new ChainBrokenError(`the snapshot broke off: ${String(error)}`, { cause: error });
  }
}

function getSignalMask(system: System, thread: number): bigint {
  const bytes = Buffer.alloc(8);
  system.ptrace(Request.GETSIGMASK, thread, bytes.length, bytes);
  return bytes.readBigUInt64LE();
}

function setSignalMask(system: System, thread: number, mask: bigint): void {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(mask);
  system.ptrace(Request.SETSIGMASK, thread, bytes.length, bytes);
}

/** From call to call, until the last one has returned and the thread stands at its end. */
function follow(run: ChainRun, count: number, end: number) {
  const { system, thread } = run;
  const results: number[] = [];
  let child: number | undefined;
  let isReturn = false;
  let isCloning = false;
  while (results.length < count) {
    system.ptrace(Request.SYSCALL, thread, 0, 0);
    if (isCloning) run.meanwhile?.(thread);
    isCloning = false;
    const status = waitFor(system, thread, end);
    const [signal, event] = [(status >>> 8) & 0xff, status >>> 16];
    if (event === EVENT_CLONE || event === EVENT_FORK || event === EVENT_VFORK) {
      child = holdChild(system, thread, end);
      run.onStep?.("cloned");
    } else if (signal === SYSCALL_STOP) {
      const info = syscallInfo(system, thread);
      if (info.kind === AT_ENTRY) {
        isReturn = info.value === RT_SIGRETURN;
        isCloning = info.value === CLONE;
        run.onStep?.("entered");
      } else if (info.kind === AT_EXIT && !isReturn) results.push(Number(info.value));
    } else if (event !== EVENT_STOP) throw new Error(`signal ${signal} in the middle of it`);
  }
  return { results, child };
}

/** struct ptrace_syscall_info: the number at an entry, the result at an exit. */
function syscallInfo(system: System, thread: number): { readonly kind: number; readonly value: bigint } {
  const info = Buffer.alloc(88);
  system.ptrace(Request.GET_SYSCALL_INFO, thread, info.length, info);
  return { kind: info[0] ?? 0, value: info.readBigInt64LE(24) };
}

function waitFor(system: System, thread: number, end: number): number {
  const status = system.wait(thread, Math.max(0, end - performance.now()));
  if (status === undefined) throw new Error("its time was up");
  if ((status & 0xff) !== 0x7f) throw new Error("the target ended");
  return status;
}

/** PTRACE_O_TRACECLONE has seized it: it stands before its first instruction. From here on it dies with us. */
function holdChild(system: System, thread: number, end: number): number {
  const message = Buffer.alloc(8);
  system.ptrace(Request.GETEVENTMSG, thread, 0, message);
  const child = Number(message.readBigUInt64LE());
  waitFor(system, child, end);
  system.ptrace(Request.SETOPTIONS, child, 0, Option.EXITKILL | Option.SYSGOOD);
  return child;
}

/**
 * Brings the thread from the end of a call back to where it stood: in PTRACE_EVENT_STOP, from where the kernel resumes what
 * was interrupted by the registers it finds.
 */
function settle(system: System, thread: number, registers: Buffer): void {
  system.ptrace(Request.SETOPTIONS, thread, 0, 0);
  system.ptrace(Request.INTERRUPT, thread, 0, 0);
  const held: number[] = [];
  for (let request: number = Request.CONT, signal = 0; ;) {
    system.ptrace(request, thread, 0, signal);
    const status = system.wait(thread, 5000);
    if (status === undefined || (status & 0xff) !== 0x7f) throw new Error("the thread did not come back");
    if (status >>> 16 === EVENT_STOP) break;
    // A signal that had waited is delivered now, as it would have been.
    signal = (status >>> 8) & 0xff;
    held.push(signal);
    if (signal === SIGKILL || held.length > 64) throw new Error("the thread did not come back");
  }
  // A handler that has been entered has registers of its own.
  if (held.length === 0) system.setRegset(thread, Regset.PRSTATUS, registers);
}

/** Lets a held child make the first of its calls, and holds it at the end of it. Resolves with what the call returned. */
export function stepChild(system: System, child: number, timeoutMs: number): number {
  const end = performance.now() + timeoutMs;
  let isReturn = true;
  for (;;) {
    system.ptrace(Request.SYSCALL, child, 0, 0);
    waitFor(system, child, end);
    const info = syscallInfo(system, child);
    if (info.kind === AT_ENTRY) isReturn = info.value === RT_SIGRETURN;
    else if (info.kind === AT_EXIT && !isReturn) return Number(info.value);
  }
}
