// Where in the target lie the few bytes of code that a chain of system calls needs: `syscall; ret`, and the return from
// signal handlers. The C library has both. Nothing is ever written into the target's code.
import { readSync } from "node:fs";
import type { Area } from "../../parsers/proc-maps.ts";
import { RESTORER, SYSCALL_RETURN } from "./x86-64.ts";

export interface Gadgets {
  readonly syscallReturn: number;
  readonly restorer: number;
}

/** A C library has 1.5 MB of code; whoever has more in one file is searched up to here. */
const MOST_CODE_BYTES = 64 * 1024 ** 2;

/** Undefined when no file has both (a program that handles no signals and calls the system in its own way). */
export function findGadgets(memory: number, areas: readonly Area[]): Gadgets | undefined {
  const code = areas.filter(({ permissions, inode }) => permissions.startsWith("r-x") && inode !== 0);
  // The C library first, as the rest may be large.
  for (const area of code.toSorted((a, b) => rank(a) - rank(b))) {
    const bytes = readArea(memory, area.start, Math.min(area.end - area.start, MOST_CODE_BYTES));
    const [call, restorer] = [bytes.indexOf(SYSCALL_RETURN), bytes.indexOf(RESTORER)];
    if (call !== -1 && restorer !== -1)
      return { syscallReturn: area.start + call, restorer: area.start + restorer };
  }
  return undefined;
}

function rank({ name }: Area): number {
  return /\/(?:ld-|ld\.|libc[.-])/.test(name) ? 0 : 1;
}

/** Whether they are still there: the target may have begun another program since. */
export function hasGadgets(memory: number, { syscallReturn, restorer }: Gadgets): boolean {
  return (
    readArea(memory, syscallReturn, SYSCALL_RETURN.length).equals(SYSCALL_RETURN) &&
    readArea(memory, restorer, RESTORER.length).equals(RESTORER)
  );
}

/** As much of it as can be read. */
export function readArea(memory: number, address: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let at = 0;
  try {
    for (let got = 1; at < length && got > 0; at += got)
      got = readSync(memory, bytes, at, length - at, address + at);
  } catch {
    // What is left is not there.
  }
  return bytes.subarray(0, at);
}
