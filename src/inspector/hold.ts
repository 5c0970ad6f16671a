// The time between coming in and leaving: observers go in, are asked, and go out. A process that ends waits for whoever is
// connected to its inspector ("Waiting for the debugger to disconnect..."), so its end must be noticed at once: by the signs
// of life, which an ending process refuses. NodeRuntime.notifyWhenWaitingForDisconnect would tell of it, and is not used:
// with it an expression that arrives in that moment is evaluated in a context that is gone (SIGSEGV, Node 18 and 20).
import { z } from "zod";
import type { InsideRecord } from "../bundle/manifest.ts";
import type { Inspection } from "../collectors/inspection.ts";
import { ExhibitError, LostError, messageOf } from "../errors.ts";
import { delay } from "../host/clock.ts";
import type { HeldProcess } from "../host/process-files.ts";
import { ClosedError, EndingError } from "./devtools.ts";
import { callExpression, installExpression } from "./injected/source.ts";
import { describeLoss, programOf } from "./lost.ts";
import { heapOf } from "./heap.ts";
import { removeMark } from "./marks.ts";
import type { Opened } from "./open.ts";
import { profiler } from "./profiler.ts";
import { isClosed, listenersOf } from "./tcp-sockets.ts";
import { listWorkers } from "./workers.ts";

/** Without a sign of life for so long the target removes everything. */
const DEADLINE_MS = 4500;
const SIGN_OF_LIFE_MS = 200;
/** While a sign of life waits for its answer: the relay leaves when nothing comes from us. */
const SIGN_IN_SILENCE_MS = 1000;
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

type Call = Exclude<Parameters<typeof callExpression>[0], "shut">;

/** In the words of Node's documentation. */
const INJECTED = ["diagnostics_channel", "perf_hooks gc", "event-loop delay"];

export interface HoldRequest {
  readonly held: HeldProcess;
  readonly startTime: string;
  /** Where marks are kept: the same for all runs on this host. */
  readonly marks: string;
  readonly signal: AbortSignal;
  readonly now: () => string;
}

export interface Inspected {
  readonly inspection: Inspection;
  /** Removes what was injected and sees the port closed. Never rejects; may be called twice. */
  readonly leave: () => Promise<InsideRecord>;
}

/** `install` puts the observers in; `resume` finds those that an earlier connection of ours has left in. */
export type Entry = "install" | "resume";

export interface Held extends Inspected {
  readonly openedAt: string;
  /**
   * Goes away and leaves the observers in, which take themselves out after `forMs`; undefined where the inspector is not ours
   * to close: then nothing has changed. Rejects as the inspection does.
   */
  readonly goAway: (forMs: number) => Promise<InsideRecord | undefined>;
}

/** It was opened, and then something failed: what became of the port is in the record. */
export class InsideError extends ExhibitError {
  readonly record: InsideRecord;

  constructor(cause: unknown, record: InsideRecord) {
    super(messageOf(cause), { cause });
    this.record = record;
  }
}

/**
 * Puts the observers in, or finds them again. Rejects with an InsideError. What the inspection gives rejects with a LostError
 * once the target is gone.
 */
export async function hold(request: HoldRequest, opened: Opened, entry: Entry): Promise<Held> {
  const { held } = request;
  const { devtools, port, byUs } = opened;
  const openedAt = request.now();
  const line = watchLine(held, opened);
  const call = (name: Call, limitMs = ANSWER_MS) =>
    line.ask(() => devtools.evaluate(callExpression(name), limitMs));
  const signs = beginSigns(() => (devtools.isOpen() ? call("touch") : undefined));
  let isOthers = false;
  let left: Promise<InsideRecord> | undefined;
  const leave = () => (left ??= depart());

  async function depart(): Promise<InsideRecord> {
    signs.stop();
    if (isOthers) {
      // What is in there belongs to another capture, which also closes the port.
      devtools.destroy();
      return { port, openedByUs: false, openedAt, injected: [], removed: true };
    }
    const wasListening = isListening(held, port);
    // When the time is up nobody waits for us: the target's own timer does the rest.
    const asked = await call("finish", request.signal.aborted ? CLOSED_IN_HASTE_MS : ANSWER_MS).then(
      () => true,
      () => false,
    );
    // Never by a close frame: see parsers/web-socket.ts.
    if (asked) devtools.destroy();
    else devtools.handOver();
    const record = { port, openedByUs: byUs, openedAt, injected: INJECTED, removed: asked };
    if (!byUs) return record;
    const closed = await isClosed(held, port, closesWithin(asked));
    // Its hooks go when its event loop comes around, as the port does.
    if (!closed) return { ...record, removed: false };
    await removeMark(request.marks, { pid: held.pid, startTime: request.startTime });
    // It closes its port when all is out; a port that somebody else had closed before proves nothing.
    const removed = asked || wasListening || (await line.hasEnded());
    return { ...record, removed, closedAt: request.now() };
  }

  async function goAway(forMs: number): Promise<InsideRecord | undefined> {
    if (!byUs) return undefined;
    await line.ask(() => devtools.evaluate(callExpression("shut", forMs), ANSWER_MS));
    signs.stop();
    devtools.destroy();
    const record = { port, openedByUs: byUs, openedAt, injected: INJECTED, removed: false };
    const closed = await isClosed(held, port, CLOSED_WITHIN_MS);
    return closed ? { ...record, closedAt: request.now() } : record;
  }

  /** Without our word the dead-man timer in the target does it. */
  const closesWithin = (asked: boolean) =>
    request.signal.aborted ? CLOSED_IN_HASTE_MS : CLOSED_WITHIN_MS + (asked ? 0 : DEADLINE_MS);

  async function install(): Promise<number | undefined> {
    const expression = installExpression({ ...OPTIONS, closes: byUs });
    const text = await line.ask(() => devtools.evaluate(expression, ANSWER_MS));
    const installed = Installed.parse(JSON.parse(String(text)));
    isOthers = installed.already ?? false;
    if (isOthers) throw new ExhibitError("another capture is looking inside it");
    if (installed.failed !== undefined)
      throw new ExhibitError(`its observers could not be put in: ${installed.failed}`);
    await readied(() => call("ready", READY_MS), request.signal);
    return installed.tookMs;
  }

  async function resume(): Promise<undefined> {
    if ((await call("resume")) !== true) throw new ExhibitError("the observers are gone from the target");
  }

  try {
    const injectMs = entry === "install" ? await install() : await resume();
    return {
      openedAt,
      leave,
      goAway,
      inspection: {
        version: devtools.version,
        signalToListenMs: opened.tookMs,
        injectMs,
        drain: () => call("drain"),
        stack: () => call("stack"),
        report: () => call("report"),
        stop: () => call("stop"),
        workers: () => line.ask(() => listWorkers(devtools)),
        profile: profiler(devtools, line.ask),
        heap: heapOf(devtools, line.ask),
      },
    };
  } catch (error) {
    throw new InsideError(error, await leave());
  }
}

/** Notices that the target is gone, and leaves it at once then: it may wait for us to end. */
function watchLine(held: HeldProcess, { devtools }: Opened) {
  const began = performance.now();
  const program = programOf(held);
  let lost: Promise<string> | undefined;
  return {
    ask: async <T>(question: () => Promise<T>): Promise<T> => {
      try {
        return await question();
      } catch (error) {
        const isEnding = error instanceof EndingError;
        if (!isEnding && !(error instanceof ClosedError)) throw error;
        devtools.destroy();
        lost ??= describeLoss(held, { program, afterMs: performance.now() - began, isEnding });
        throw new LostError(await lost, { cause: error });
      }
    },
    /** Whether nothing of what was in it can be left. */
    hasEnded: async () => lost !== undefined && !(await lost).startsWith("somebody"),
  };
}

function isListening(held: HeldProcess, port: number): boolean {
  return listenersOf(held)?.some((one) => one.isOwn && one.port === port) ?? false;
}

function beginSigns(give: () => Promise<unknown> | undefined) {
  let waiting = 0;
  let last = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    if (waiting > 0 && now - last < SIGN_IN_SILENCE_MS) return;
    const answer = give();
    if (answer === undefined) return clearInterval(timer);
    last = now;
    waiting++;
    const answered = () => void waiting--;
    answer.then(answered, answered);
  }, SIGN_OF_LIFE_MS);
  return { stop: () => clearInterval(timer) };
}

/** Waits a moment for the hooks, which come in when the event loop comes around; of a loop that is blocked they come later. */
async function readied(isReady: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (let look = 0; look < READY_LOOKS && !signal.aborted; look++) {
    if ((await isReady().catch(() => true)) === true) return;
    await delay(READY_PAUSE_MS, signal);
  }
}
