// Gets the inspector of a process open, and connects to it: everything between the preflight and the first expression.
import { ExhibitError, UnsupportedError } from "../errors.ts";
import { delay } from "../host/clock.ts";
import type { HeldProcess } from "../host/process-files.ts";
import { readBasics } from "../target/basics.ts";
import type { Relay } from "./connection.ts";
import { openDevtools, type Devtools } from "./devtools.ts";
import type { Clearance } from "./preflight.ts";
import { listenersOf, type Listener } from "./tcp-sockets.ts";

const LOOK_MS = 10;

export interface Opened {
  readonly devtools: Devtools;
  readonly port: number;
  /** We asked for it, so it is ours to close. */
  readonly byUs: boolean;
  /** From the signal to the listener. */
  readonly tookMs: number;
}

/** Node did not open its inspector in time: its main thread ran no JavaScript that could be interrupted. */
export class SilentError extends ExhibitError {}

/**
 * Sends SIGUSR1 unless the inspector is open already, and connects by `relay`. `onSignal` runs before it is sent. Throws SilentError,
 * UnsupportedError when nothing was sent, or an ExhibitError when it cannot be reached: what was opened then is the relay's to close.
 */
export async function openInspector(request: {
  readonly held: HeldProcess;
  readonly startTime: string;
  readonly clearance: Clearance;
  /** It comes first: an inspector that we cannot reach must not be opened. */
  readonly relay: Relay;
  readonly signal: AbortSignal;
  readonly limitMs: number;
  /** An inspector that is open already is one that we had opened. */
  readonly isOurs: boolean;
  readonly onSignal: () => Promise<void>;
  readonly onOpen: (port: number) => Promise<void>;
}): Promise<Opened> {
  const { clearance, relay } = request;
  try {
    if (clearance.open !== undefined) {
      if (request.isOurs) await request.onOpen(clearance.open.port);
      return await connectTo(relay, clearance.open, { byUs: request.isOurs, tookMs: 0 });
    }
    await request.onSignal();
    const began = performance.now();
    sendSignal(request);
    const listener = await waitForListener(request);
    const tookMs = Math.round(performance.now() - began);
    await request.onOpen(listener.port);
    return await connectTo(relay, listener, { byUs: true, tookMs });
  } catch (error) {
    if (error instanceof UnsupportedError) relay.destroy();
    else relay.handOver();
    throw error;
  }
}

/** Nothing happens between the last look and kill(2): since the preflight the process may be another, or another program. */
function sendSignal({
  held,
  startTime,
  clearance,
}: {
  readonly held: HeldProcess;
  readonly startTime: string;
  readonly clearance: Clearance;
}): void {
  const reason = clearance.reasonNotToSignal();
  if (reason !== undefined) throw new UnsupportedError(`its inspector is left alone: ${reason}`);
  const basics = readBasics(held);
  if (basics?.startTime !== startTime || basics.isZombie) throw new UnsupportedError("it has ended");
  process.kill(held.pid, "SIGUSR1");
}

/** The new one among the target's own listeners: whichever port it took. */
async function waitForListener(request: {
  readonly held: HeldProcess;
  readonly clearance: Clearance;
  readonly signal: AbortSignal;
  readonly limitMs: number;
}): Promise<Listener> {
  const before = new Set(request.clearance.listenersBefore.map(({ inode }) => inode));
  const end = performance.now() + request.limitMs;
  while (performance.now() < end && !request.signal.aborted) {
    const now = listenersOf(request.held);
    if (now === undefined) throw new ExhibitError("it ended while its inspector opened");
    const fresh = now.filter(({ isOwn, inode }) => isOwn && !before.has(inode));
    const expected = fresh.find(({ port }) => port === request.clearance.port);
    // An application may have begun to listen by itself just now.
    const found = expected ?? (request.clearance.port === 0 || fresh.length === 1 ? fresh[0] : undefined);
    if (found !== undefined) return found;
    await delay(LOOK_MS, request.signal);
  }
  throw new SilentError(`it did not open its inspector within ${Math.round(request.limitMs)} ms`);
}

async function connectTo(
  relay: Relay,
  { host, port }: Listener,
  how: Pick<Opened, "byUs" | "tookMs">,
): Promise<Opened> {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  const devtools = await openDevtools(await relay.connect(port, reachable), port);
  return { devtools, port, ...how };
}
