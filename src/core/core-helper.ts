// Our end of the helper that takes a core (helper/program.ts). What must stay true: the helper is never ended politely and
// waited for while the target may stand; it may be killed at any moment, which harms nobody but the core.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { ExhibitError } from "../errors.ts";
import { delay } from "../host/clock.ts";
import { removeEmptyCgroups } from "../host/own-cgroup.ts";
import { ownProgram } from "../host/own-program.ts";
import { killGroup } from "../host/process-group.ts";
import { startPiped, type Piped } from "../host/start.ts";
import { HelperEvent, type CompleteEvent, type StandingEvent } from "./helper/messages.ts";
import type { AloneRequest, HelperRequest } from "./helper/request.ts";

/**
 * Options of Node (V8) that keep the helper small beside a service that may be out of memory: 53 MB instead of 63 to 74, as
 * fast (measured; it waits for the kernel). Node 18 to 26 know them.
 */
export const HELPER_FLAGS = [
  "--max-semi-space-size=1",
  "--no-opt",
  "--single-threaded",
  // For the one moment in which much becomes free (helper/snapshot.ts).
  "--expose-gc",
] as const;

export interface CoreRequest {
  readonly pid: number;
  readonly startTime: string;
  readonly method: "snapshot" | "stop";
  readonly maxPauseMs: number;
  /** Where the core goes; a new file. */
  readonly path: string;
  /** What it goes through on its way; none writes it as it is, with its holes. */
  readonly through: readonly (readonly [string, ...string[]])[];
  readonly runId: string | undefined;
  /** For when we end before the core is whole; then the helper finishes it where it may. */
  readonly alone?: Omit<AloneRequest, "stored">;
  /** The helper's own words; ours when they are not given. */
  readonly program?: readonly [string, ...string[]];
  /** Aborted when there is no time to wait for its look at the target any more. */
  readonly signal?: AbortSignal;
}

/** For killed processes to be gone; one that waits for a disk keeps its control group until the next core. */
const END_MS = 2000;

type ReadyEvent = Extract<HelperEvent, { event: "ready" }>;

export interface PreparedCore {
  readonly ready: ReadyEvent;
  /** Stops the target. Resolves when it runs again; rejects with CoreRefusal when there is no core. */
  readonly take: () => Promise<StandingCore>;
  /** Ends it at once. */
  readonly cancel: () => void;
}

export interface StandingCore {
  readonly standing: StandingEvent;
  /** Resolves when the core is complete on its way into the file; rejects with ExhibitError when it never will be. */
  readonly finished: Promise<CompleteEvent>;
}

/** There is no core by this method; the target goes on as it was. */
export class CoreRefusal extends ExhibitError {
  readonly pausedMs: number;

  constructor(message: string, options: { readonly hint?: string; readonly pausedMs?: number } = {}) {
    super(message, options);
    this.pausedMs = options.pausedMs ?? 0;
  }
}

/** Starts the helper, which looks at the target and stops nothing. Rejects with CoreRefusal. */
export async function prepareCore(request: CoreRequest): Promise<PreparedCore> {
  const { pid, startTime, method, maxPauseMs, path, through, alone } = request;
  removeEmptyCgroups();
  const asked: HelperRequest = {
    pid,
    startTime,
    method,
    maxPauseMs,
    ...(through.length === 0 ? { path } : {}),
    ...(alone === undefined ? {} : { alone: { ...alone, stored: path } }),
  };
  const source: [string, ...string[]] = [
    ...(request.program ?? ownProgram("core-helper", HELPER_FLAGS)),
    JSON.stringify(asked),
  ];
  const piped = await startPiped({ ...request, source });
  const next = listen(piped.source);
  const cancel = () => {
    for (const child of [piped.source, ...piped.through]) killGroup(child.pid, "SIGKILL");
  };
  // Where a thread of the target holds its memory map, no kernel lets anybody read it, and not even SIGKILL ends the wait.
  const ready = await Promise.race([next(), aborted(request.signal)]);
  if (ready === "aborted") {
    cancel();
    throw new CoreRefusal("the target's memory could not be looked at in time");
  }
  if (ready?.event !== "ready") {
    cancel();
    throw refusal(ready);
  }
  return {
    ready,
    cancel,
    take: async () => {
      const beside = piped.through.flatMap((child) => child.pid ?? []);
      piped.source.stdin?.write(`${["go", ...beside].join(" ")}\n`);
      const standing = await next();
      if (standing?.event !== "standing") {
        cancel();
        throw refusal(standing);
      }
      const finished = finish(piped, next, cancel);
      // Somebody will ask; until then nobody listens.
      finished.catch(() => undefined);
      return { standing, finished };
    },
  };
}

function aborted(signal: AbortSignal | undefined): Promise<"aborted"> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve("aborted");
    signal?.addEventListener("abort", () => resolve("aborted"), { once: true });
  });
}

function refusal(event: HelperEvent | undefined): CoreRefusal {
  if (event?.event === "refused")
    return new CoreRefusal(event.reason, {
      pausedMs: event.pausedMs,
      ...(event.hint === undefined ? {} : { hint: event.hint }),
    });
  if (event?.event === "failed") return new CoreRefusal(event.reason, { pausedMs: event.pausedMs ?? 0 });
  return new CoreRefusal("the helper ended without a word");
}

async function finish(
  piped: Piped,
  next: () => Promise<HelperEvent | undefined>,
  cancel: () => void,
): Promise<CompleteEvent> {
  try {
    return await awaitWhole(piped, next);
  } finally {
    await tidyUp(piped, cancel);
  }
}

async function awaitWhole(
  piped: Piped,
  next: () => Promise<HelperEvent | undefined>,
): Promise<CompleteEvent> {
  const ends = piped.through.map(endOf);
  const event = await next();
  if (event?.event === "failed") throw new ExhibitError(`the core broke off: ${event.reason}`);
  if (event?.event !== "complete") throw new ExhibitError("the core broke off: its helper was ended");
  for (const [index, end] of ends.entries()) {
    const code = await end;
    if (code !== 0)
      throw new ExhibitError(
        `the core broke off: ${piped.through[index]?.spawnfile ?? "its reader"} ended with ${code ?? "a signal"}`,
      );
  }
  return event;
}

/** All of it has ended, and its control group is gone. */
async function tidyUp({ source, through }: Piped, cancel: () => void): Promise<void> {
  cancel();
  const ended = new AbortController();
  const all = Promise.all([source, ...through].map(endOf)).then(() => ended.abort());
  await Promise.race([all, delay(END_MS, ended.signal)]);
  removeEmptyCgroups();
}

async function endOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
    await once(child, "exit");
  return child.exitCode;
}

/** Events of the helper, one a call; undefined when it is gone. */
function listen(source: ChildProcess): () => Promise<HelperEvent | undefined> {
  const stream = source.stdio[3];
  if (!stream || !("readable" in stream)) return async () => undefined;
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  source.on("error", () => lines.close());
  const iterator = lines[Symbol.asyncIterator]();
  return async () => {
    const line = await iterator.next().catch(() => undefined);
    if (line === undefined || line.done) return undefined;
    const event = HelperEvent.safeParse(parseJson(line.value));
    return event.success ? event.data : undefined;
  };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
