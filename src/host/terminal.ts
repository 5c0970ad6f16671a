// The terminal we were started on, as far as it is ours: a job in the background that changes the terminal's mode is
// stopped by the kernel (SIGTTOU: termios(3), credentials(7)), and nobody may be there to wake it.
import { readFileSync } from "node:fs";

/**
 * Whether our process group is the one that the terminal listens to (proc(5), /proc/pid/stat: pgrp and tpgid). Where
 * /proc does not tell (illumos), it is taken to be.
 */
export function isInForeground(): boolean {
  let stat: string;
  try {
    stat = readFileSync("/proc/self/stat", "latin1");
  } catch {
    return true;
  }
  const [, , group, , , terminalGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return group === terminalGroup;
}
