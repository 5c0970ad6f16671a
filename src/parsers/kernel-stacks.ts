// kernel-stacks.N.txt as the stacks collector writes it: for each thread `TID 17 (name) state S wchan futex_wait_queue
// syscall 202 0x7ffd... ...`, then the kernel's own frames.

/** Where one thread was in the kernel. */
export interface KernelWait {
  readonly tid: number;
  readonly name: string;
  /** One letter: R, S, D. */
  readonly state: string;
  /** The kernel's function it sleeps in. */
  readonly wchan: string | undefined;
  /** The number of the system call it is in, of the target's architecture, and its arguments as they were printed. */
  readonly call: { readonly number: number; readonly arguments: readonly string[] } | undefined;
  /** Untouched. */
  readonly line: string;
}

/** The name is the last in brackets: it may hold brackets of its own. */
const HEAD = /^TID (\d{1,10}) \((.*)\) state ([A-Za-z]) wchan (\S+) syscall (.*)$/;

/** The threads of one sample; lines that begin none are left out. */
export function parseKernelStacks(text: string): readonly KernelWait[] {
  const waits: KernelWait[] = [];
  for (const line of text.split("\n")) {
    const [, tid, name = "", state = "", wchan, said = ""] = line.startsWith("TID ")
      ? (HEAD.exec(line) ?? [])
      : [];
    if (tid === undefined) continue;
    const [number = "", ...rest] = said.split(" ");
    const call = /^\d{1,4}$/.test(number) ? { number: Number(number), arguments: rest } : undefined;
    waits.push({ tid: Number(tid), name, state, wchan: wchan === "-" ? undefined : wchan, call, line });
  }
  return waits;
}
