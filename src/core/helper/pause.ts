// The pause: all threads stop, one makes a copy of the process, all go on. Every line in here is time that the target stands:
// what can be known before is read before (snapshot.ts), and what can wait is done after.
import { closeSync, openSync } from "node:fs";
import { ExhibitError, messageOf } from "../../errors.ts";
import { makeCopy, type Copy } from "../ptrace/copy.ts";
import { findGadgets, type Gadgets } from "../ptrace/gadgets.ts";
import { ChainBrokenError } from "../ptrace/run-chain.ts";
import type { System } from "../ptrace/system.ts";
import { holdThreads } from "../ptrace/threads.ts";
import { Aborted } from "./aborted.ts";
import { endCopy, reap } from "./end-copy.ts";
import { registersOf } from "./registers.ts";
import type { HelperRequest, Hooks } from "./request.ts";
import { assertUnchanged, type TargetFacts } from "./target.ts";
import { saveUnfrozen, type Unfrozen } from "./unfrozen.ts";

/** A thread stops in less than a millisecond, or waits where no signal reaches it. */
const STOP_MS = 500;
/** A fork of many gigabytes on a busy host; the chain ends by itself should it take longer. */
const CHAIN_MS = 60_000;

/** The target's own code that a copy is made with. Throws ExhibitError when it has none. */
export function findCode({ pid, areas }: TargetFacts): Gadgets {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    const gadgets = findGadgets(memory, areas);
    if (gadgets === undefined)
      throw new ExhibitError("the target has no C library in which a copy could be made");
    return gadgets;
  } finally {
    closeSync(memory);
  }
}

interface Work {
  readonly request: HelperRequest;
  readonly target: TargetFacts;
  readonly gadgets: Gadgets;
  readonly hooks: Hooks;
}

/** Whatever happens in it, every thread goes on. Throws Aborted with how long the target stood. */
export function pauseAndCopy(system: System, { request, target, gadgets, hooks }: Work) {
  const { pid } = request;
  const held = holdThreads(system, pid);
  hooks.onStep?.("seized");
  const begun = performance.now();
  const copies: Copy[] = [];
  try {
    held.stop(Math.min(STOP_MS, request.maxPauseMs));
    const stopMs = performance.now() - begun;
    hooks.onStep?.("stopped");
    const stopped = held.stopped();
    assertUnchanged(target);
    const registers = registersOf(system, pid, stopped);
    const result = makeCopy({
      system,
      pid,
      stopped,
      gadgets,
      isFiltered: /:\s*2$/.test(target.status.lines.get("Seccomp") ?? ""),
      timeoutMs: CHAIN_MS,
      onCopy: (copy) => copies.push(copy),
      meanwhile: registers.readBut,
      ...(hooks.onStep ? { onStep: hooks.onStep } : {}),
    });
    const threads = registers.all();
    const memory = openSync(`/proc/${pid}/mem`, "r");
    let unfrozen: Unfrozen;
    try {
      unfrozen = saveUnfrozen({ ...result, memory, known: target.areas, filter: target.filter });
    } finally {
      closeSync(memory);
    }
    held.release();
    const pauseMs = performance.now() - begun;
    return { ...result, threads, unfrozen, saved: [...result.saved, ...unfrozen.saved], pauseMs, stopMs };
  } catch (error) {
    held.release();
    const pausedMs = performance.now() - begun;
    // The thread ends its chain by itself once we are gone, and the copies with us.
    if (error instanceof ChainBrokenError) throw new Aborted(messageOf(error), { pausedMs, mustEnd: true });
    for (const copy of copies) endCopy(system, copy);
    if (copies.length > 0) reap(system, { request, gadgets, hooks, copies, by: undefined });
    throw new Aborted(messageOf(error), { pausedMs, mustEnd: false });
  }
}
