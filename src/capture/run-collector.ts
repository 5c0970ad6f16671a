// Runs one collector to its end: checks that the target is still the one we found, gives it its time, and turns whatever
// happened into a record. A collector that fails loses nothing that it had saved, and the others go on.
import { join } from "node:path";
import type {
  CollectorRecord,
  IdentityCheck,
  InsideRecord,
  ReadingRecord,
  Target,
} from "../bundle/manifest.ts";
import { EVIDENCE_FOLDER, type BundlePaths } from "../bundle/layout.ts";
import type { LateWork, Platform, Reading } from "../collectors/collector.ts";
import { messageOf } from "../errors.ts";
import { delay, type Clock } from "../host/clock.ts";
import type { Quota } from "../host/disk.ts";
import type { HeldProcess } from "../host/process-files.ts";
import { sweep } from "../host/process-group.ts";
import { printable } from "../printable.ts";
import { checkIdentity } from "../target/identity.ts";
import { openContext, type Trace } from "./context.ts";
import { openEvidence } from "./evidence.ts";
import { gatherGaps } from "./gaps.ts";
import type { Journal } from "./journal.ts";
import { judge, toRecord } from "./judge-collector.ts";
import type { Pauses } from "./pauses.ts";
import type { LeftOut, PlannedCollector } from "./plan.ts";

/** What every collector of one capture shares. */
export interface CaptureState {
  readonly paths: BundlePaths;
  readonly platform: Platform;
  readonly missingRight?: string;
  readonly target: Target;
  readonly held: HeldProcess;
  readonly quota: Quota;
  readonly pauses: Pauses;
  readonly clock: Clock;
  readonly windowMs: number;
  readonly journal: Journal;
}

export interface CollectorResult {
  readonly record: CollectorRecord;
  readonly readings: readonly ReadingRecord[];
  readonly check: IdentityCheck | undefined;
  /** Files that may hold memory, and are not durable yet: they are large. */
  readonly cores: readonly string[];
  /** The same collector once its late work is done; never rejects. Until then its record says that it is partial. */
  readonly late?: Promise<CollectorResult>;
}

/** A collector that does not come back after its signal aborted is left behind after this long. */
const GRACE_MS = 1200;
const STILL_OPEN =
  "it closes it when its event loop comes around, or our relay does, which stays for 30 s, or the next capture on this host";

/** A collector that does not run at all, as it is told. */
export function leaveOut(planned: PlannedCollector, leftOut: LeftOut): CollectorResult {
  const { name, tool } = planned.collector;
  const record: CollectorRecord = { name, tool, touch: planned.touch, ...leftOut, commands: [], bytes: 0 };
  return { record, readings: [], check: undefined, cores: [] };
}

/** Runs a planned collector; `signal` aborts when its time is up, in `leftMs()`. Never rejects. */
export async function runCollector(
  planned: PlannedCollector,
  state: CaptureState,
  { signal, leftMs }: { readonly signal: AbortSignal; readonly leftMs: () => number },
): Promise<CollectorResult> {
  const { collector } = planned;
  const { clock } = state;
  const startedAt = clock.now();
  const startedMonotonicMs = clock.elapsedMs();
  const identity = checkIdentity(state.held, state.target);
  const check: IdentityCheck = {
    at: startedAt,
    before: collector.name,
    same: identity.same,
    ...(identity.same ? {} : { found: identity.found }),
  };
  if (!identity.same)
    return { ...leaveOut(planned, { status: "failed", reason: goneReason(identity.found) }), check };

  const trace: Trace = {
    commands: [],
    gaps: [],
    cores: [],
    method: undefined,
    truncated: false,
    observedPauseMs: undefined,
    late: undefined,
    leave: undefined,
    endWatch: undefined,
  };
  const runId = `${state.paths.captureId}.${collector.name}`;
  let readings: readonly Reading[] = [];
  let error: unknown;
  let bytes = 0;
  let inside: InsideRecord | undefined;
  let aborted = false;
  try {
    const evidence = await openEvidence(state.paths.evidence(collector.name), state.quota);
    const context = openContext({
      ...state,
      name: collector.name,
      evidence,
      signal,
      runId,
      lateFile: state.paths.late,
      trace,
      leftMs,
      marks: join(state.paths.locks, "inspector"),
      onCore: async (file) => {
        await state.journal.write({ kind: "core", file: `${EVIDENCE_FOLDER}/${collector.name}/${file}` });
        await state.journal.sync();
      },
    });
    try {
      readings = await Promise.race([
        collector.collect({ ...context, options: planned.options }),
        giveUp(signal),
      ]);
    } catch (thrown) {
      error = thrown;
    }
    aborted = signal.aborted;
    trace.endWatch?.();
    inside = await trace.leave?.();
    if (inside?.openedByUs === true && inside.closedAt === undefined)
      trace.gaps.push(`the target still listens on port ${inside.port}, its inspector: ${STILL_OPEN}`);
    else if (inside?.openedByUs === true && !inside.removed)
      trace.gaps.push("what was put into the target could not be taken out: its own timer there does it");
    if (error !== undefined || signal.aborted) await sweep(runId);
    await evidence.settle(trace.cores);
    if (evidence.truncated()) trace.truncated = true;
    bytes = await evidence.bytes();
  } catch (thrown) {
    // The folder could not be made, or not be synced: the disk is full or gone.
    error ??= thrown;
  }
  const record: CollectorRecord = {
    name: collector.name,
    tool: collector.tool,
    touch: planned.touch,
    ...judge({ error, trace, bytes, aborted, missingRight: state.missingRight }),
    ...(trace.method === undefined ? {} : { method: trace.method }),
    startedAt,
    endedAt: clock.now(),
    startedMonotonicMs,
    durationMs: Math.round(clock.elapsedMs() - startedMonotonicMs),
    ...(collector.window ? { windowMs: state.windowMs } : {}),
    commands: trace.commands.map((command) => ({
      ...command,
      argv: command.argv.map((argument) => printable(argument, 1000)),
    })),
    ...(planned.estimate.pauseMs > 0 ? { predictedPauseMs: Math.round(planned.estimate.pauseMs) } : {}),
    ...(trace.observedPauseMs === undefined ? {} : { observedPauseMs: trace.observedPauseMs }),
    ...(inside === undefined ? {} : { inside }),
    bytes,
    ...(trace.truncated ? { truncated: true } : {}),
  };
  const result = {
    record,
    readings: readings.map((reading) => toRecord(collector.name, reading)),
    check,
    cores: trace.cores.map((name) => join(state.paths.evidence(collector.name), name)),
  };
  const { late } = trace;
  if (late === undefined || error !== undefined) return result;
  const pending = { ...record, status: "partial" as const, reason: joined(record.reason, late.pending) };
  return { ...result, record: pending, late: finishLate(late.work, result, state) };
}

function joined(first: string | undefined, second: string): string {
  return first === undefined ? second : `${first}; ${second}`;
}

/** The rest of a collector, in a folder that its first part has closed. */
async function finishLate(
  work: LateWork,
  result: CollectorResult,
  state: CaptureState,
): Promise<CollectorResult> {
  const { record } = result;
  const gaps: string[] = [];
  let readings: readonly Reading[] = [];
  let bytes = record.bytes;
  try {
    const evidence = await openEvidence(state.paths.evidence(record.name), state.quota);
    try {
      readings = await work({
        signal: new AbortController().signal,
        saveJson: (name, value) => evidence.save(name, `${JSON.stringify(value, undefined, 2)}\n`),
        gap: (reason) => void gaps.push(reason),
      });
    } catch (error) {
      gaps.push(messageOf(error));
    }
    await evidence.settle([]);
    bytes = await evidence.bytes();
  } catch (error) {
    gaps.push(messageOf(error));
  }
  const reasons = [record.reason, ...gatherGaps(gaps)].filter((reason) => reason !== undefined);
  return {
    ...result,
    record: {
      ...record,
      ...(reasons.length === 0
        ? {}
        : { status: "partial" as const, reason: printable(reasons.join("; "), 2000) }),
      endedAt: state.clock.now(),
      bytes,
    },
    readings: [...result.readings, ...readings.map((reading) => toRecord(record.name, reading))],
  };
}

function goneReason(found: string): string {
  return found === "zombie" ? "the target has ended: it is a zombie" : `the target is ${found}`;
}

/** Rejects some time after the signal: whatever the collector waits for, we do not. */
async function giveUp(signal: AbortSignal): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await delay(GRACE_MS);
  throw new Error("did not end when its time was up");
}
