// Looks inside a live Node process that knows nothing of us: opens its inspector, puts observers in, and leaves nothing
// behind. What must stay true: nothing is sent before the preflight allows it; the target closes its inspector itself, when
// nobody is connected; whoever calls `inspect` calls `leave`, and where that cannot happen the target removes everything.
import { ExhibitError, messageOf, UnsupportedError } from "../errors.ts";
import type { HeldProcess } from "../host/process-files.ts";
import { readOwnIdentity } from "../host/process-identity.ts";
import { openRelay } from "./connection.ts";
import { hold, type Entry, type Held, type HoldRequest, type Inspected } from "./hold.ts";
import { closeLeftovers, leftOpen } from "./leftovers.ts";
import { markPath, removeMark, writeMark } from "./marks.ts";
import { openInspector } from "./open.ts";
import { peek } from "./peek.ts";
import { mayInspect } from "./preflight.ts";
import { readBasics } from "../target/basics.ts";
import { attempt } from "../target/executable.ts";

export interface InspectRequest extends HoldRequest {
  /** How long it may take to open. */
  readonly limitMs: number;
  /** The port is closed for so long in between, which the collector begins and ends. */
  readonly awayMs?: number | undefined;
}

/** Throws UnsupportedError with the reason when the process may not be asked, SilentError when it does not answer. */
export async function inspect(request: InspectRequest): Promise<Inspected> {
  const { held, startTime, marks, signal, awayMs } = request;
  await closeLeftovers(marks, { signal, except: { pid: held.pid, startTime } });
  const first = await enter(request, "install");
  if (awayMs === undefined) return first;
  const hasEnded = () => attempt(() => isOver(held)) ?? false;
  return peek(first, { awayMs, again: () => enter(request, "resume"), signal, hasEnded });
}

const isOver = (held: HeldProcess) => readBasics(held)?.isZombie ?? true;

async function enter(request: InspectRequest, entry: Entry): Promise<Held> {
  const { held, startTime, marks } = request;
  const identity = { pid: held.pid, startTime };
  // What an earlier run left open in this very process is taken over, and closed at the end.
  const leftPort = await leftOpen(marks, identity);
  const verdict = mayInspect(held, leftPort);
  if ("mayNot" in verdict) throw new UnsupportedError(`its inspector is left alone: ${verdict.mayNot}`);
  const { bootId, ...agent } = readOwnIdentity();
  const mark = { ...identity, bootId, agent };
  const namespaceOf = verdict.may.isElsewhere ? held.pid : undefined;
  const opened = await openInspector({
    ...request,
    relay: await openRelay({ enter: namespaceOf, mark: markPath(marks, identity) }),
    clearance: verdict.may,
    isOurs: leftPort !== undefined,
    onSignal: () => writeMark(marks, { ...mark, port: verdict.may.port }),
    onOpen: (port) => writeMark(marks, { ...mark, port }),
  }).catch(async (error: unknown) => {
    // Nothing was sent: nothing of ours can be open.
    if (error instanceof UnsupportedError && leftPort === undefined) await removeMark(marks, identity);
    if (isOver(held))
      throw new ExhibitError("the process ended while its inspector was being opened", { cause: error });
    throw error instanceof ExhibitError ? error : new ExhibitError(messageOf(error), { cause: error });
  });
  return hold(request, opened, entry);
}
