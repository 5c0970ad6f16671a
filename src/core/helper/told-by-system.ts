// What the system says of the files of a process, in words. Whatever is read of /proc may be gone at any moment, or forbidden; the
// message of Node names the call and the path, which tells a person neither what happened nor what to do.

const REFUSED = /^(?:(ENOENT|ESRCH)|(EACCES|EPERM)): .*'\/proc\/(\d+)\/[^']*'$/;

/** ESRCH of ptrace(2): the thread has ended, or does not stand any more because it is ending. */
const NOT_THERE = /^(?:ptrace 0x[0-9a-f]+ of|waitpid) \d+: errno (?:3|10)$/;

export interface Told {
  readonly reason: string;
  readonly hint?: string;
}

/** A message as a person reads it; `target` is the pid of the process that a core is taken of. Any other is its copy. */
export function toldBySystem(message: string, target: number): Told {
  const [, isGone, errno, pid] = REFUSED.exec(message) ?? [];
  if (isGone !== undefined)
    return {
      reason:
        Number(pid) === target ? "the target has ended" : "the copy was ended before all of it was read",
    };
  if (NOT_THERE.test(message)) return { reason: "the target, or its copy, ended meanwhile" };
  if (errno === undefined) return { reason: message };
  return {
    reason: `the target's memory may not be read (${errno})`,
    hint: "run as root, or with CAP_SYS_PTRACE",
  };
}
