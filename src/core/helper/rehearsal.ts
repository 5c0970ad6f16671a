// The pause, rehearsed on a process of our own before the target is touched: `cat`, which waits for us to write. Where this
// kernel does not do what the chain relies on (run-chain.ts) it is `cat` that shows it. And code that runs for the first time
// is slow: beside the fork a pause took 10 ms, and 3 with this and with registers that are read meanwhile (registers.ts).
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { ExhibitError } from "../../errors.ts";
import { startCat } from "../../host/start-cat.ts";
import { parseProcStat } from "../../parsers/proc-stat.ts";
import type { System } from "../ptrace/system.ts";
import { Aborted } from "./aborted.ts";
import { endCopy, reap } from "./end-copy.ts";
import { findCode, pauseAndCopy } from "./pause.ts";
import { readTarget } from "./target.ts";

/** For `cat` to start, on a host without a CPU to spare; without the rehearsal the pause is a little longer. */
const START_MS = 300;
const MAX_PAUSE_MS = 5000;

/**
 * Throws ExhibitError when the kernel broke a chain: then the target must not be touched. That there can be no rehearsal (no
 * `cat`, no memory, a limit of processes) is no reason against it.
 */
export async function rehearse(system: System): Promise<void> {
  const child = startCat();
  try {
    if (await isWaiting(child)) rehearseOn(system, child.pid ?? 0);
  } catch (error) {
    if (error instanceof Aborted && error.mustEnd)
      throw new ExhibitError(`the rehearsal on a process of our own failed: ${error.message}`, {
        cause: error,
      });
  } finally {
    child.kill("SIGKILL");
    child.stdin?.destroy();
    child.stdout?.destroy();
  }
}

/** It has given back what was written: everything is loaded. */
async function isWaiting({ pid, stdin, stdout }: ChildProcess): Promise<boolean> {
  if (pid === undefined) return false;
  stdin?.on("error", () => undefined).write("\n");
  const answered = stdout && once(stdout, "data", { signal: AbortSignal.timeout(START_MS) });
  return (await answered?.catch(() => undefined)) !== undefined;
}

function rehearseOn(system: System, pid: number): void {
  const startTime = parseProcStat(readFileSync(`/proc/${pid}/stat`, "latin1"))?.startTime ?? "";
  const target = readTarget(pid, startTime);
  const request = { pid, startTime, method: "snapshot", maxPauseMs: MAX_PAUSE_MS } as const;
  const work = { request, target, gadgets: findCode(target), hooks: {} };
  const { copy, discarded, thread } = pauseAndCopy(system, work);
  reap(system, { ...work, copies: [...discarded, copy].map((one) => endCopy(system, one)), by: thread });
}
