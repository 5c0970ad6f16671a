// What gdb prints while it takes a core. Its exit status lies, so its words and the file have to be looked at.

/** An area of the target that gdb could not read: it is a hole in the core. */
export interface UnreadableArea {
  readonly sizeBytes: number;
  /** As gdb prints it: `0x7f00...`. */
  readonly address: string;
}

export interface GdbCoreOutput {
  readonly attached: boolean;
  /** Why it could not attach, in gdb's words. */
  readonly attachError: string | undefined;
  /** It believes that it has written the core. */
  readonly saved: boolean;
  readonly detached: boolean;
  readonly unreadable: readonly UnreadableArea[];
  /** Why it could not write, each reason once. */
  readonly writeErrors: readonly string[];
}

/**
 * The vsyscall page of x86-64. It belongs to the kernel and cannot be read through ptrace: gdb says so in every good core.
 * @see Documentation/arch/x86/x86_64/mm.rst of the Linux kernel
 */
const VSYSCALL_PAGE = "0xffffffffff600000";

const UNREADABLE = /Memory read failed for corefile section, (\d{1,15}) bytes at (0x[0-9a-f]{1,16})/;
const WRITE_ERROR = /Failed to write corefile contents \((.{1,200}?)\)\.?$/;
const OPEN_ERROR = /^(Failed to open '.*' for output.*)$/;
const TRACED = /warning: (process \d+ is already traced by process \d+)/;
const PTRACE_ERROR = /^ptrace: (.{1,200}?)\.?$/;

/** Reads the two outputs of the command that src/core/gdb.ts builds (gdb 9 to 16). */
export function parseGdbCore(stdout: string, stderr: string): GdbCoreOutput {
  const lines = stderr.split(/\r?\n/);
  const firstOf = (pattern: RegExp) =>
    lines.map((line) => pattern.exec(line)?.[1]).find((found) => found !== undefined);
  const allOf = (pattern: RegExp) =>
    lines.map((line) => pattern.exec(line)?.[1]).filter((found) => found !== undefined);
  const attachError = firstOf(TRACED) ?? firstOf(PTRACE_ERROR);
  const detached = /^\[Inferior \d+ \(.*\) detached\]$/m.test(stdout);
  const saved = /^Saved corefile /m.test(stdout);
  return {
    attached: detached || saved,
    attachError,
    saved,
    detached,
    unreadable: lines.flatMap((line) => {
      const [, size, address] = UNREADABLE.exec(line) ?? [];
      return size === undefined || address === undefined || address === VSYSCALL_PAGE
        ? []
        : [{ sizeBytes: Number(size), address }];
    }),
    writeErrors: [...new Set([...allOf(WRITE_ERROR), ...allOf(OPEN_ERROR)])],
  };
}
