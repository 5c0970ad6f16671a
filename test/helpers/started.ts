// Real processes for tests, ended with the test.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";

export interface Started {
  readonly pid: number;
  readonly child: ChildProcess;
}

/** Starts a command that lives until it is ended; resolves once it has written something, or at once with `silent`. */
export async function start(
  t: Pick<TestContext, "after">,
  argv: readonly [string, ...string[]],
  options: { readonly silent?: boolean } = {},
): Promise<Started> {
  const [command, ...rest] = argv;
  const child = spawn(command, rest, { stdio: ["pipe", "pipe", "inherit"] });
  await once(child, "spawn");
  t.after(() => end(child));
  if (!options.silent) await once(child.stdout, "readable");
  return { pid: child.pid ?? 0, child };
}

/** SIGKILL, and waits until it is reaped. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

/** The children of a process. */
export function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text
    .split(" ")
    .filter((word) => /^\d+$/.test(word))
    .map(Number);
}
