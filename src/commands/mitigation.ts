// COMMAND: it has the terminal, and its end is ours to tell. A signal to us alone is passed on; Ctrl-C reaches it by the
// terminal, as it reaches every process of the group.
import { once } from "node:events";
import { messageOf } from "../errors.ts";
import { NORMAL, setOwnPriority } from "../host/priority.ts";
import { startMitigation } from "../host/start.ts";
import { printable } from "../printable.ts";
import type { CommandContext } from "./command.ts";
import { exitCodeOf } from "./keys.ts";

export interface Ended {
  /** Its own exit status, 128+n when a signal ended it, 126 when it could not be executed after all. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | undefined;
  readonly durationMs: number;
}

export interface StartedCommand {
  readonly startedAt: string;
  readonly ended: Promise<Ended>;
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export function startCommand(
  argv: readonly [string, ...string[]],
  context: CommandContext<unknown>,
): StartedCommand {
  const startedAt = new Date().toISOString();
  const start = performance.now();
  // COMMAND inherits our priority, and a capture that broke off was still ahead of everybody.
  setOwnPriority(NORMAL);
  const child = startMitigation(argv);
  const undo = context.onSignal((signal) => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  });
  const failed = once(child, "error").then(([error]): Exit => {
    context.warn(`exhibit: ${printable(argv[0])}: ${messageOf(error)}`);
    return { code: 126, signal: null };
  });
  const exited = new Promise<Exit>((resolve) =>
    child.once("exit", (code, signal) => resolve({ code, signal })),
  );
  const ended = Promise.race([exited, failed]).then(({ code, signal }): Ended => {
    undo();
    const durationMs = Math.round(performance.now() - start);
    return {
      exitCode: signal === null ? (code ?? 0) : exitCodeOf(signal),
      signal: signal ?? undefined,
      durationMs,
    };
  });
  return { startedAt, ended };
}

/** As outcome.json tells it: an exit status or a signal, never both. */
export function howItEnded({ exitCode, signal, durationMs }: Ended) {
  const endedAt = new Date().toISOString();
  return { endedAt, durationMs, ...(signal === undefined ? { exitCode } : { signal }) };
}
