// The two keys while it captures, and the signals: `s` goes on to COMMAND now; Ctrl-C (SIGINT) and SIGTERM stop, seal what
// there is, and do not run COMMAND. A terminal gives us Ctrl-C as a byte while we read single keys.
import { constants } from "node:os";
import { isInForeground } from "../host/terminal.ts";
import type { CommandContext, StopSignal } from "./command.ts";

export type Stopped = "go-on" | StopSignal;

export interface Keys {
  /** Aborted by any of them. */
  readonly stop: AbortSignal;
  readonly stoppedBy: () => Stopped | undefined;
  /** Gives the terminal and the signals back. */
  readonly close: () => void;
}

const CTRL_C = "\u0003";

/** The exit status that says which signal ended us (128+n). */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** Listens from now on. `onStop` is told at once, so that the person sees that the key was heard. */
export function openKeys(
  context: Pick<CommandContext<unknown>, "canAsk" | "stdin" | "onSignal">,
  onStop: (by: Stopped) => void,
): Keys {
  const controller = new AbortController();
  let by: Stopped | undefined;
  const stop = (how: Stopped) => {
    // A signal after `s` still means: do not run COMMAND.
    if (by !== undefined && (how === "go-on" || by !== "go-on")) return;
    by = how;
    onStop(how);
    controller.abort();
  };
  const undo = context.onSignal(stop);
  const closeKeys = context.canAsk && isInForeground() ? readKeys(context.stdin(), stop) : () => undefined;
  return {
    stop: controller.signal,
    stoppedBy: () => by,
    close: () => {
      undo();
      closeKeys();
    },
  };
}

function readKeys(
  stdin: ReturnType<CommandContext<unknown>["stdin"]>,
  stop: (how: Stopped) => void,
): () => void {
  const onKey = (key: Buffer) => {
    const text = key.toString("latin1");
    if (text.includes(CTRL_C)) stop("SIGINT");
    else if (text.includes("s")) stop("go-on");
  };
  stdin.setRawMode(true);
  stdin.on("data", onKey);
  stdin.resume();
  return () => {
    stdin.off("data", onKey);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
