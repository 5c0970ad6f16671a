// A chain of system calls that a thread makes all by itself and after which it goes on as if nothing had been: the way to
// have something done inside the target without its life hanging on ours.
//
// Behind each call stands a signal frame on the thread's own stack, below what it uses. The call returns into the return
// from a signal handler (rt_sigreturn), which loads the registers for the next call out of the frame; the last frame holds
// the thread's own registers, signal mask and floating point state. All of it is written before the first register is
// changed, and the first change, one PTRACE_SETREGSET, is the last thing that must happen: if we are killed then, or at any
// moment after, the thread finishes the chain and goes on.
//
// In the normal case we stay beside it (run-chain.ts) and give the registers back ourselves, so that the kernel resumes an
// interrupted wait with what is left of it.
import type { Gadgets } from "./gadgets.ts";
import {
  buildFloating,
  buildFrame,
  FRAME_BYTES,
  loadCall,
  RED_ZONE_BYTES,
  resumable,
  getRegister,
  type Call,
} from "./x86-64.ts";

export interface Chain {
  /** What is written below the thread's stack pointer, and where. */
  readonly address: number;
  readonly bytes: Buffer;
  /** The registers that begin it. */
  readonly registers: Buffer;
  readonly calls: readonly Call[];
}

/** Where the stack of a child begins: it is told to clone(2) in its second argument. */
export type CallBuilder = (childStack: bigint) => readonly Call[];

const NO_SIGNALS = 0xffff_ffff_ffff_ffffn;

export interface ChainRequest {
  readonly registers: Buffer;
  readonly extended: Buffer;
  readonly signalMask: bigint;
  readonly gadgets: Gadgets;
  /** What the thread does. */
  readonly calls: CallBuilder;
  /** What a child that it makes does, on a stack of its own; the last of them must not return. */
  readonly childCalls: readonly Call[];
}

/** Lays the chain out. Pure: nothing is written. */
export function buildChain(request: ChainRequest): Chain {
  const { registers, gadgets, signalMask } = request;
  const rip = BigInt(gadgets.syscallReturn);
  const restorer = BigInt(gadgets.restorer);
  const floating = buildFloating(request.extended);
  const stack = Number(getRegister(registers, "rsp"));
  const floatingAt = Math.floor((stack - RED_ZONE_BYTES - floating.length) / 64) * 64;

  const calls = request.calls(0n);
  // From the top: floating point state, the child's frames, the thread's own. A signal that comes meanwhile is handled below
  // the frame that is next, so it overwrites only what is done.
  const childAt = floatingAt - FRAME_BYTES * request.childCalls.length;
  const ownAt = childAt - FRAME_BYTES * calls.length;
  const frameOf = (call: Call, next: number) => {
    const loaded = Buffer.from(registers);
    loadCall(loaded, call, { rip, rsp: BigInt(next) });
    return buildFrame({
      registers: loaded,
      signalMask: NO_SIGNALS,
      restorer,
      floatingAt: BigInt(floatingAt),
    });
  };
  const placed = request.calls(BigInt(childAt));
  const own = placed.slice(1).map((call, index) => frameOf(call, ownAt + FRAME_BYTES * (index + 1)));
  const last = buildFrame({
    registers: resumable(registers),
    signalMask,
    restorer,
    floatingAt: BigInt(floatingAt),
  });
  const child = request.childCalls.map((call, index) => frameOf(call, childAt + FRAME_BYTES * (index + 1)));
  const gap = Buffer.alloc(floatingAt - childAt - FRAME_BYTES * child.length);
  const first = Buffer.from(registers);
  const [call] = placed;
  if (call === undefined) throw new Error("a chain has at least one call");
  loadCall(first, call, { rip, rsp: BigInt(ownAt) });
  return {
    address: ownAt,
    bytes: Buffer.concat([...own, last, ...child, gap, floating]),
    registers: first,
    calls: placed,
  };
}
