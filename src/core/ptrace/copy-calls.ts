// The system calls that make a copy, and whether the target's seccomp filters let them through.
import { ExhibitError } from "../../errors.ts";
import type { Gadgets } from "./gadgets.ts";
import { allows, readFilters } from "./seccomp.ts";
import type { System } from "./system.ts";
import { Syscall, type Call } from "./x86-64.ts";

export const MADV_DONTFORK = 10n;
export const MADV_DOFORK = 11n;
/** __WALL | WNOHANG */
export const ANY_NOW = 0x4000_0001n;

/** What the copy does should it ever be let go: give up its descriptors, and end. Both without a look at its memory. */
export const CHILD_CALLS: readonly Call[] = [
  { number: Syscall.close_range, arguments: [0n, 0xffff_ffffn, 0n] },
  { number: Syscall.exit_group, arguments: [0n] },
];
/** No flags and no signal at its end: the target's wait(-1) does not see it (wait(2), __WCLONE), and no SIGCHLD is sent. */
export const cloneOn = (childStack: bigint): Call => ({
  number: Syscall.clone,
  arguments: [0n, childStack, 0n, 0n, 0n],
});

/** Throws ExhibitError when a filter would refuse, or kill for, a call that is about to be made. */
export function assertAllowed(system: System, thread: number, gadgets: Gadgets): void {
  const filters = readFilters(system, thread);
  if (filters === undefined)
    throw new ExhibitError("the target has seccomp filters, which only CAP_SYS_ADMIN may read");
  const needed: readonly (readonly [string, Call, number])[] = [
    ["clone", cloneOn(1n), gadgets.syscallReturn],
    ["madvise", { number: Syscall.madvise, arguments: [4096n, 4096n, MADV_DOFORK] }, gadgets.syscallReturn],
    ["wait4", { number: Syscall.wait4, arguments: [1n, 0n, ANY_NOW, 0n] }, gadgets.syscallReturn],
    ["rt_sigreturn", { number: Syscall.rt_sigreturn, arguments: [] }, gadgets.restorer + 7],
    ...CHILD_CALLS.map((call) => [nameOf(call), call, gadgets.syscallReturn] as const),
  ];
  const refused = needed.find(([, call, at]) => !allows(filters, call, BigInt(at + 2)));
  if (refused) throw new ExhibitError(`the target's seccomp filter does not allow ${refused[0]}`);
}

function nameOf({ number }: Call): string {
  return number === Syscall.close_range ? "close_range" : "exit_group";
}
