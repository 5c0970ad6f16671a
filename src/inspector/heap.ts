// The heap of the main thread, by the domains Runtime and HeapProfiler of the DevTools protocol. A snapshot stops the main
// thread until it is made, and cannot be called off: whoever asks for one has accepted its price.
import { z } from "zod";
import type { Inspection } from "../collectors/inspection.ts";
import { ExhibitError, messageOf } from "../errors.ts";
import { untilAborted } from "../host/clock.ts";
import type { Devtools } from "./devtools.ts";

/** It ends with the collector's time. */
const LIMIT_MS = 30 * 60_000;
/** What waits to be written: above the first the target's words are not read, below the second they are again. */
const MOST_WAITING = 32 * 1024 ** 2;
const FEW_WAITING = 8 * 1024 ** 2;

const Usage = z.object({ usedSize: z.number().nonnegative() });
const Chunk = z.object({ chunk: z.string() });

type Ask = <T>(question: () => Promise<T>) => Promise<T>;

export function heapOf(devtools: Devtools, ask: Ask): Inspection["heap"] {
  return {
    usedBytes: () => ask(async () => Usage.parse(await devtools.send("Runtime.getHeapUsage", {})).usedSize),
    snapshot: (write, signal) => ask(() => takeSnapshot(devtools, write, signal)),
  };
}

/** Gives how long it took the target, in ms. */
async function takeSnapshot(
  { send, onEvent, pause, resume }: Devtools,
  write: (text: string) => Promise<void>,
  signal: AbortSignal,
): Promise<number> {
  let waiting = 0;
  let end = "";
  let failed: Error | undefined;
  let written = Promise.resolve();
  onEvent((name, parameters) => {
    const text =
      name === "HeapProfiler.addHeapSnapshotChunk" ? Chunk.safeParse(parameters).data?.chunk : undefined;
    if (text === undefined) return;
    end = text.trimEnd().at(-1) ?? end;
    waiting += text.length;
    if (waiting > MOST_WAITING) pause();
    written = written
      .then(() => (failed === undefined ? write(text) : undefined))
      .catch((error: unknown) => {
        failed ??= error instanceof Error ? error : new ExhibitError(messageOf(error));
      })
      .then(() => {
        waiting -= text.length;
        if (waiting < FEW_WAITING) resume();
      });
  });
  const began = performance.now();
  await Promise.race([
    send("HeapProfiler.takeHeapSnapshot", { reportProgress: false }, LIMIT_MS),
    untilAborted(signal).then(() => {
      throw new ExhibitError("the heap snapshot was not whole when its time was up");
    }),
  ]);
  const tookMs = performance.now() - began;
  await written;
  if (failed !== undefined) throw failed;
  // It is one JSON object; all of it came before the answer.
  if (end !== "}") throw new ExhibitError("the heap snapshot is not whole");
  return Math.round(tookMs);
}
