// What a relay does once the capture that it served is gone, frozen, or has handed it over: it closes the inspector that was
// opened for that capture. The target would do so by itself, but only once the observers are in it, and when it is asked
// nothing for some seconds.
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { dirname } from "node:path";
import { delay } from "../host/clock.ts";
import { closeLeft } from "./close-left.ts";
import type { Relay } from "./connection.ts";
import { readMark, removeMark } from "./marks.ts";
import { openPipe } from "./pipe.ts";

/** A main thread in native code opens its inspector when it comes back. */
const FOR_MS = 30_000;
/** From look to look, twice as long each time. */
const FIRST_LOOK_MS = 50;
const LAST_LOOK_MS = 2000;
/** Our own connection is just going; later on, left alone, the target may close it by itself. */
const AGAIN_MS = [100, 400];
const AGAIN_LAST_MS = 2500;
const CONNECT_MS = 1000;

/** `served` is the capture's pid: a mark of somebody else is not ours. Never rejects. */
export async function closeAlone(mark: string, served: number): Promise<void> {
  const signal = AbortSignal.timeout(FOR_MS);
  let lookMs = FIRST_LOOK_MS;
  let refusals = 0;
  while (!signal.aborted) {
    const found = await readMark(mark);
    // Its port is 0 where only its own eyes could have told which one it took.
    if (found === undefined || found.agent.pid !== served || found.port === 0) return;
    const state = await closeLeft(found, { signal, way: directly });
    if (state === "closed") return removeMark(dirname(mark), found);
    if (state === "refused") await delay(AGAIN_MS[refusals++] ?? AGAIN_LAST_MS, signal);
    else await delay(lookMs, signal);
    lookMs = Math.min(lookMs * 2, LAST_LOOK_MS);
  }
}

/** A relay is in the namespace already. */
async function directly(): Promise<Relay> {
  let socket: Socket | undefined;
  const destroy = () => void socket?.destroy();
  const ways = { destroy, handOver: destroy };
  return {
    ...ways,
    connect: async (port, host) => {
      socket = connect({ port, host, noDelay: true });
      const { line: _line, close: _close, ...connection } = openPipe({ stdin: socket, stdout: socket });
      await once(socket, "connect", { signal: AbortSignal.timeout(CONNECT_MS) });
      return { ...connection, ...ways };
    },
  };
}
