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
