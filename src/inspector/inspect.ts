// Looks inside a live Node process that knows nothing of us: opens its inspector, puts observers in, and leaves nothing
// behind. What must stay true: nothing is sent before the preflight allows it; the target closes its inspector itself, when
// nobody is connected; whoever calls `inspect` calls `leave`, and where that cannot happen the target removes everything.
import { z } from "zod";
import type { InsideRecord } from "../bundle/manifest.ts";
import type { Inspection } from "../collectors/collector.ts";
import { ExhibitError, messageOf, UnsupportedError } from "../errors.ts";
import { delay } from "../host/clock.ts";
import type { HeldProcess } from "../host/process-files.ts";
import { readOwnIdentity } from "../host/process-identity.ts";
import { callExpression, installExpression } from "./injected/source.ts";
import { closeLeftovers, leftOpen } from "./leftovers.ts";
import { removeMark, writeMark } from "./marks.ts";
import { openInspector, type Opened } from "./open.ts";
import { mayInspect } from "./preflight.ts";
import { isClosed } from "./tcp-sockets.ts";

/** Without a sign of life for so long the target removes everything. */
const DEADLINE_MS = 5000;
const SIGN_OF_LIFE_MS = 1000;
const ANSWER_MS = 5000;
/** The target looks every 20 ms whether it is alone. */
const CLOSED_WITHIN_MS = 3000;
const READY_MS = 200;
const READY_LOOKS = 40;
const READY_PAUSE_MS = 5;
/** When the time is up already. */
const CLOSED_IN_HASTE_MS = 700;

const OPTIONS = { deadlineMs: DEADLINE_MS, mostRoutes: 200, mostEvents: 5000, mostCollections: 20_000 };
const Installed = z.object({
  already: z.boolean().optional(),
  failed: z.string().optional(),
  pid: z.number().optional(),
  tookMs: z.number().optional(),
});

export interface InspectRequest {
  readonly held: HeldProcess;
  readonly startTime: string;
  /** Where marks are kept: the same for all runs on this host. */
  readonly marks: string;
  readonly runId: string;
  readonly signal: AbortSignal;
  /** How long it may take to open. */
  readonly limitMs: number;
  readonly now: () => string;
}

export interface Inspected {
  readonly inspection: Inspection;
  /** Removes what was injected and sees the port closed. Never rejects; may be called twice. */
  readonly leave: () => Promise<InsideRecord>;
}

/** It was opened, and then something failed: what became of the port is in the record. */
export class InsideError extends ExhibitError {
  readonly record: InsideRecord;

  constructor(cause: unknown, record: InsideRecord) {
    super(messageOf(cause), { cause });
    this.record = record;
  }
}

/** In the words of Node's documentation. */
const INJECTED = ["diagnostics_channel", "perf_hooks gc", "event-loop delay"];

/** Throws UnsupportedError with the reason when the process may not be asked, SilentError when it does not answer. */
export async function inspect(request: InspectRequest): Promise<Inspected> {
  const { held, startTime, marks } = request;
  const identity = { pid: held.pid, startTime };
  await closeLeftovers(marks, { runId: request.runId, signal: request.signal, except: identity });
  // What an earlier run left open in this very process is taken over, and closed at the end.
  const leftPort = await leftOpen(marks, identity);
  const verdict = mayInspect(held, leftPort);
  if ("mayNot" in verdict) throw new UnsupportedError(`its inspector is left alone: ${verdict.mayNot}`);
  const { bootId, ...agent } = readOwnIdentity();
  const mark = { ...identity, bootId, agent };
  const opened = await openInspector({
    ...request,
    clearance: verdict.may,
    isOurs: leftPort !== undefined,
    onSignal: () => writeMark(marks, { ...mark, port: verdict.may.port }),
    onOpen: (port) => writeMark(marks, { ...mark, port }),
  }).catch(async (error: unknown) => {
    // Nothing was sent: nothing of ours can be open.
    if (error instanceof UnsupportedError && leftPort === undefined) await removeMark(marks, identity);
    throw error instanceof ExhibitError ? error : new ExhibitError(messageOf(error), { cause: error });
  });
  const openedAt = request.now();
  return hold(request, opened, openedAt);
}

async function hold(request: InspectRequest, opened: Opened, openedAt: string): Promise<Inspected> {
  const { devtools, port, byUs } = opened;
  const call = (name: Parameters<typeof callExpression>[0], limitMs = ANSWER_MS) =>
    devtools.evaluate(callExpression(name), limitMs);
  const signs = setInterval(() => {
    if (devtools.isOpen()) void call("touch").catch(() => undefined);
    else clearInterval(signs);
  }, SIGN_OF_LIFE_MS);
  let isOthers = false;
  let left: Promise<InsideRecord> | undefined;
  const leave = () => (left ??= depart());

  async function depart(): Promise<InsideRecord> {
    clearInterval(signs);
    if (isOthers) {
      // What is in there belongs to another capture, which also closes the port.
      devtools.destroy();
      return { port, openedByUs: false, openedAt, injected: [], removed: true };
    }
    // When the time is up nobody waits for us: the target's own timer does the rest.
    const asked = await call("finish", request.signal.aborted ? CLOSED_IN_HASTE_MS : ANSWER_MS).then(
      () => true,
      () => false,
    );
    // Never by a close frame: see parsers/web-socket.ts.
    devtools.destroy();
    const record = { port, openedByUs: byUs, openedAt, injected: INJECTED, removed: asked };
    if (!byUs) return record;
    const closed = await isClosed(request.held, port, closesWithin(asked));
    if (!closed) return record;
    await removeMark(request.marks, { pid: request.held.pid, startTime: request.startTime });
    return { ...record, removed: true, closedAt: request.now() };
  }

  /** Without our word the dead-man timer in the target does it. */
  const closesWithin = (asked: boolean) =>
    request.signal.aborted ? CLOSED_IN_HASTE_MS : CLOSED_WITHIN_MS + (asked ? 0 : DEADLINE_MS);

  try {
    const text = await devtools.evaluate(installExpression({ ...OPTIONS, closes: byUs }), ANSWER_MS);
    const installed = Installed.parse(JSON.parse(String(text)));
    isOthers = installed.already ?? false;
    if (isOthers) throw new ExhibitError("another capture is looking inside it");
    if (installed.failed !== undefined)
      throw new ExhibitError(`its observers could not be put in: ${installed.failed}`);
    await readied(() => call("ready", READY_MS), request.signal);
    return {
      leave,
      inspection: {
        version: devtools.version,
        signalToListenMs: opened.tookMs,
        injectMs: installed.tookMs,
        drain: () => call("drain"),
        stack: () => call("stack"),
        report: () => call("report"),
        stop: () => call("stop"),
        workers: () => listWorkers(opened),
        profile: profiler(opened),
      },
    };
  } catch (error) {
    throw new InsideError(error, await leave());
  }
}

/** Waits a moment for the hooks, which come in when the event loop comes around; of a loop that is blocked they come later. */
async function readied(isReady: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (let look = 0; look < READY_LOOKS && !signal.aborted; look++) {
    if ((await isReady().catch(() => true)) === true) return;
    await delay(READY_PAUSE_MS, signal);
  }
}

const Attached = z.object({ workerInfo: z.object({ workerId: z.string() }) });

/** Asks for the workers' inspectors and leaves them at once: their names are told before the answer (NodeWorker.enable). */
async function listWorkers({ devtools }: Opened): Promise<readonly string[]> {
  const workers: string[] = [];
  devtools.onEvent((method, parameters) => {
    const worker = method === "NodeWorker.attachedToWorker" ? Attached.safeParse(parameters).data : undefined;
    if (worker !== undefined) workers.push(worker.workerInfo.workerId);
  });
  await devtools.send("NodeWorker.enable", { waitForDebuggerOnStart: false });
  await devtools.send("NodeWorker.disable", {});
  return workers;
}

function profiler({ devtools }: Opened): Inspection["profile"] {
  return {
    // Its start stops the target for about a millisecond per megabyte of heap.
    start: async () => {
      await devtools.send("Profiler.enable", {});
      await devtools.send("Profiler.setSamplingInterval", { interval: 1000 });
      await devtools.send("Profiler.start", {}, 30_000);
    },
    stop: async () => {
      const { profile } = z
        .object({ profile: z.unknown() })
        .parse(await devtools.send("Profiler.stop", {}, 30_000));
      await devtools.send("Profiler.disable", {});
      return profile;
    },
  };
}
