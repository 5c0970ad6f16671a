// The registers of stopped threads, for the notes of a core.
import { readFileSync } from "node:fs";
import type { ThreadRegisters } from "../elf/note.ts";
import { Regset, type System } from "../ptrace/system.ts";
import { FLOATING_BYTES, MOST_EXTENDED_BYTES, REGISTER_BYTES } from "../ptrace/x86-64.ts";

/** In the order of `threads`. */
export function readRegisters(system: System, pid: number, threads: readonly number[]): ThreadRegisters[] {
  return threads.map((id) => {
    const status = readFileSync(`/proc/${pid}/task/${id}/status`, "latin1");
    const mask = (key: string) => new RegExp(`^${key}:\\s*([0-9a-f]+)`, "m").exec(status)?.[1] ?? "0";
    return {
      id,
      general: system.getRegset(id, Regset.PRSTATUS, REGISTER_BYTES),
      floating: system.getRegset(id, Regset.FPREGSET, FLOATING_BYTES),
      extended: system.getRegset(id, Regset.X86_XSTATE, MOST_EXTENDED_BYTES),
      pendingSignals: mask("SigPnd"),
      blockedSignals: mask("SigBlk"),
    };
  });
}

/**
 * The registers of all stopped threads, most of them read while one of the threads is at work (run-chain.ts, `meanwhile`):
 * those stand, so it makes no difference when they are read.
 */
export function registersOf(system: System, pid: number, threads: readonly number[]) {
  const known = new Map<number, ThreadRegisters>();
  return {
    /** Those of all but one. Never throws: what could not be read is read again by `all`. */
    readBut: (busy: number): void => {
      for (const id of threads)
        if (id !== busy && !known.has(id))
          try {
            for (const one of readRegisters(system, pid, [id])) known.set(id, one);
          } catch {
            // `all` tells why.
          }
    },
    /** In the order of `threads`. */
    all: (): ThreadRegisters[] => threads.flatMap((id) => known.get(id) ?? readRegisters(system, pid, [id])),
  };
}
