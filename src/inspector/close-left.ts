// Closes one inspector that was opened by us and is left open. What must stay true: nothing is sent to the target but over its
// inspector, and not while somebody else is connected there.
import { ExhibitError } from "../errors.ts";
import { openProcess, type HeldProcess } from "../host/process-files.ts";
import { readBasics } from "../target/basics.ts";
import type { Relay } from "./connection.ts";
import { callExpression, installExpression } from "./injected/source.ts";
import type { Mark } from "./marks.ts";
import { openInspector } from "./open.ts";
import { mayInspect } from "./preflight.ts";
import { isClosed, listenersOf } from "./tcp-sockets.ts";

const CLOSED_WITHIN_MS = 1000;
const OPTIONS = { deadlineMs: 5000, closes: true, mostRoutes: 1, mostEvents: 0, mostCollections: 0 };

/**
 * `closed`: nothing of it is left, or its process is gone. `unopened`: nobody listens there, yet or any more: a signal may wait for
 * a main thread that is in native code. `refused`: it could not be closed now.
 */
export type LeftState = "closed" | "unopened" | "refused";

/** `way` is given the process whose network namespace must be entered, if any. Never rejects. */
export async function closeLeft(
  mark: Mark,
  how: { readonly signal: AbortSignal; readonly way: (enter: number | undefined) => Promise<Relay> },
): Promise<LeftState> {
  const held = openHeld(mark.pid);
  if (held === undefined) return "closed";
  try {
    if (readBasics(held)?.startTime !== mark.startTime) return "closed";
    const listeners = listenersOf(held);
    if (listeners === undefined) return "refused";
    if (!listeners.some(({ isOwn, port }) => isOwn && port === mark.port)) return "unopened";
    const verdict = mayInspect(held, mark.port);
    if ("mayNot" in verdict || verdict.may.open === undefined) return "refused";
    const { devtools } = await openInspector({
      held,
      relay: await how.way(verdict.may.isElsewhere ? held.pid : undefined),
      startTime: mark.startTime,
      clearance: verdict.may,
      signal: how.signal,
      limitMs: 0,
      isOurs: true,
      onSignal: () => Promise.reject(new ExhibitError("no signal is sent to close a port")),
      onOpen: async () => undefined,
    });
    try {
      await devtools.evaluate(installExpression(OPTIONS));
      await devtools.evaluate(callExpression("finish"));
    } finally {
      devtools.destroy();
    }
    return (await isClosed(held, mark.port, CLOSED_WITHIN_MS)) ? "closed" : "refused";
  } catch {
    return "refused";
  } finally {
    held.close();
  }
}

function openHeld(pid: number): HeldProcess | undefined {
  try {
    return openProcess(pid);
  } catch {
    return undefined;
  }
}
