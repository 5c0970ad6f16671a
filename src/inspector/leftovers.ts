// Inspectors that an earlier run of ours opened and, killed at the wrong moment, did not close.
import { ExhibitError } from "../errors.ts";
import { openProcess, type HeldProcess } from "../host/process-files.ts";
import { isAlive, readBootId } from "../host/process-identity.ts";
import { readBasics } from "../target/basics.ts";
import { callExpression, installExpression } from "./injected/source.ts";
import { readMarks, removeMark, type Mark } from "./marks.ts";
import { openInspector } from "./open.ts";
import { mayInspect } from "./preflight.ts";
import { isClosed, listenersOf } from "./tcp-sockets.ts";

const CLOSED_WITHIN_MS = 1000;
const OPTIONS = { deadlineMs: 5000, closes: true, mostRoutes: 1, mostEvents: 0, mostCollections: 0 };

type Identity = Pick<Mark, "pid" | "startTime">;

/** The port that a run which is over had asked this process to open; undefined when there was none. */
export async function leftOpen(marks: string, { pid, startTime }: Identity): Promise<number | undefined> {
  const found = (await readMarks(marks)).find((mark) => mark.pid === pid && mark.startTime === startTime);
  return found !== undefined && isOver(found) ? found.port : undefined;
}

const isOver = ({ agent }: Mark) => !isAlive(agent.pid, agent.startTime);

/**
 * Closes what earlier runs left open on this host, in other processes than `except`, and forgets what is closed or gone.
 * Never rejects.
 */
export async function closeLeftovers(
  marks: string,
  how: { readonly runId: string; readonly signal: AbortSignal; readonly except: Identity },
): Promise<void> {
  for (const mark of await readMarks(marks)) {
    if (!isOver(mark) || (mark.pid === how.except.pid && mark.startTime === how.except.startTime)) continue;
    if (mark.bootId !== readBootId() || (await closeOne(mark, how))) await removeMark(marks, mark);
  }
}

/** True when nothing of it is left. */
async function closeOne(
  mark: Mark,
  how: { readonly runId: string; readonly signal: AbortSignal },
): Promise<boolean> {
  const held = openHeld(mark.pid);
  if (held === undefined) return true;
  try {
    if (readBasics(held)?.startTime !== mark.startTime) return true;
    const listeners = listenersOf(held);
    if (listeners === undefined) return false;
    // Not open yet, perhaps: a signal may wait for a main thread that is in native code.
    if (!listeners.some(({ isOwn, port }) => isOwn && port === mark.port)) return false;
    const verdict = mayInspect(held, mark.port);
    if ("mayNot" in verdict || verdict.may.open === undefined) return false;
    const { devtools } = await openInspector({
      ...how,
      held,
      startTime: mark.startTime,
      clearance: verdict.may,
      limitMs: 0,
      isOurs: true,
      onSignal: () => Promise.reject(new ExhibitError("no signal is sent to close a port")),
      onOpen: async () => undefined,
    });
    await devtools.evaluate(installExpression(OPTIONS));
    await devtools.evaluate(callExpression("finish"));
    devtools.destroy();
    return await isClosed(held, mark.port, CLOSED_WITHIN_MS);
  } catch {
    return false;
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
