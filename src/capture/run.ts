// One capture, from the target that was found to evidence that is safe on disk. It reads top to bottom:
// first look -> guardian -> window (side by side) -> pauses (one at a time) -> secure.
// Sealing, sending and noting follow in seal.ts and upload-bundle.ts, beside the mitigation.
import { basename, relative } from "node:path";
import pLimit from "p-limit";
import type { CaptureFile, CollectorRecord, IdentityCheck, ReadingRecord } from "../bundle/manifest.ts";
import type { BundlePaths } from "../bundle/layout.ts";
import { delay, startClock } from "../host/clock.ts";
import { openQuota } from "../host/disk.ts";
import { openDeadline } from "../host/deadline.ts";
import { fsyncFile, fsyncFolder } from "../host/files.ts";
import { AHEAD, NORMAL, raisePriority, setOwnPriority } from "../host/priority.ts";
import { sweep } from "../host/process-group.ts";
import { checkIdentity } from "../target/identity.ts";
import { withRuntimeVersion } from "../target/runtime-version.ts";
import { startEarlyUpload, type EarlyUpload } from "./early-upload.ts";
import { openJournal, type JournalEntry } from "./journal.ts";
import { followLate, type Late } from "./late.ts";
import { openGuardian } from "./open-guardian.ts";
import { openBundle } from "./open-bundle.ts";
import { openPauses } from "./pauses.ts";
import type { CapturePlan, PlannedCollector } from "./plan.ts";
import type { CaptureRequest, Control } from "./request.ts";
import { leaveOut, runCollector, type CaptureState, type CollectorResult } from "./run-collector.ts";

/** How many collectors run side by side: they wait more than they work, but the host is sick. */
const SIDE_BY_SIDE = 6;

/** Evidence that is safe on disk and waits for its seal, whoever made it. */
export interface SecuredBundle {
  readonly paths: BundlePaths;
  readonly capture: CaptureFile;
  readonly records: readonly CollectorRecord[];
  readonly readings: readonly ReadingRecord[];
  readonly checks: readonly IdentityCheck[];
  /** Members that may hold memory, as paths in the bundle. */
  readonly cores: readonly string[];
  /** How long the target was seen stopped, in all; undefined when there was none. */
  readonly pausedMs: number | undefined;
  readonly elapsedMs: number;
  readonly finishedAt: string;
  /** What is finished is on its way to the store already. */
  readonly early: EarlyUpload | undefined;
  /** What is safe but not whole yet. */
  readonly late?: Late;
}

export interface SecuredCapture extends SecuredBundle {
  readonly late: Late;
  /** Ends the guardian: another capture of this process may begin. */
  readonly release: () => Promise<void>;
}

/** Runs a capture. Rejects when not even a bundle could be begun; everything later ends up in the bundle. */
export async function runCapture(
  request: CaptureRequest,
  plan: CapturePlan,
  control: Control,
): Promise<SecuredCapture> {
  const clock = startClock(request.agoMs);

  // Phase 0, ahead of everything else on the host.
  raisePriority();
  const { paths, capture, firstLook } = openBundle(request, plan, clock);
  setOwnPriority(AHEAD);
  control.onProgress({
    kind: "found",
    captureId: paths.captureId,
    path: paths.folder,
    collectUntilMs: plan.collectUntilMs,
    elapsedMs: clock.elapsedMs(),
  });

  const journal = openJournal(paths.journal);
  // A line that a full disk refuses costs a killed capture what it would have told of itself, and no evidence.
  const note = (entry: JournalEntry) => journal.write(entry).catch(() => undefined);
  await note({ kind: "collector", record: firstLook, readings: [] });
  const results: CollectorResult[] = [{ record: firstLook, readings: [], check: undefined, cores: [] }];
  const keep = async (result: CollectorResult) => {
    results.push(result);
    const { record, readings, check } = result;
    if (check) await note({ kind: "identity", check });
    await note({ kind: "collector", record, readings: [...readings] });
    await early?.collected(
      record.name,
      result.cores.map((core) => basename(core)),
    );
    control.onProgress({
      kind: "ended",
      name: record.name,
      // Its record is partial until it is whole; for whoever waits it is safe.
      status: result.late === undefined ? record.status : "standing",
      durationMs: record.durationMs ?? 0,
      ...(result.late === undefined ? {} : { reason: "safe from the target's end, still being written" }),
      ...(record.reason === undefined || result.late ? {} : { reason: record.reason }),
      ...(record.observedPauseMs === undefined ? {} : { pausedMs: record.observedPauseMs }),
    });
  };

  const guardian = await openGuardian(request, paths, {
    stop: control.stop,
    leftMs: plan.collectUntilMs - clock.elapsedMs(),
  });
  const early = request.early && startEarlyUpload(paths, request.spool.path, request.early);
  await early?.collected(firstLook.name, []);
  const { runtime } = withRuntimeVersion(request.held, request.target);
  const quota = openQuota(request.spool.path, request.spool);
  const pauses = openPauses({
    held: request.held,
    guardian,
    maxPauseMs: request.maxPauseMs,
    mayTrace: request.missingRight === undefined,
    onPause: async (name) => {
      await note({ kind: "pause", name, at: clock.now() });
      await journal.sync().catch(() => undefined);
    },
    onResumed: (name, observedPauseMs) => note({ kind: "resumed", name, observedPauseMs }),
  });
  const state: CaptureState = { ...request, paths, quota, pauses, clock, windowMs: plan.windowMs, journal };
  const runOne = async (planned: PlannedCollector) => {
    const { name, tool, limitMs = Number.POSITIVE_INFINITY } = planned.collector;
    const timeMs = Math.min(plan.collectUntilMs - clock.elapsedMs(), limitMs);
    const deadline = openDeadline(timeMs, control.stop);
    const endsAtMs = clock.elapsedMs() + timeMs;
    const leftMs = () => Math.max(0, endsAtMs - clock.elapsedMs());
    control.onProgress({
      kind: "started",
      name,
      tool,
      estimateMs: planned.collector.window ? plan.windowMs : planned.estimate.timeMs,
    });
    const time = { signal: deadline.signal, leftMs };
    await keep(await runCollector(planned, state, time).finally(deadline.close));
  };

  const gate = request.pauseGate ?? ((work) => work());
  const runPermitted = async (planned: PlannedCollector) => {
    const waitMs = plan.collectUntilMs - clock.elapsedMs() - planned.estimate.timeMs;
    const permit = await request.pausePermit?.ask(waitMs);
    const leave = (reason: string) => keep(leaveOut(planned, { status: "skipped", reason }));
    if (permit === undefined) return runOne(planned);
    if ("refused" in permit) return leave(permit.refused);
    pauses.onlyUntil(permit.untilMs);
    const reason = reasonNotToPause(planned, {
      leftMs: plan.collectUntilMs - clock.elapsedMs(),
      pauseLeftMs: pauses.leftMs(),
      stopped: control.stop.aborted,
    });
    return reason ? leave(reason) : runOne(planned);
  };

  for (const planned of plan.collectors) if (planned.leftOut) await keep(leaveOut(planned, planned.leftOut));
  const runnable = plan.collectors.filter((planned) => planned.leftOut === undefined);

  // Phase 1: the window, side by side; the target runs.
  const limit = pLimit(SIDE_BY_SIDE);
  const inWindow = runnable.filter(({ phase }) => phase === "window");
  // Samplers first: they need the whole window, the others fit beside them.
  const samplersFirst = inWindow.toSorted(
    (a, b) => Number(b.collector.window ?? false) - Number(a.collector.window ?? false),
  );
  await Promise.all(
    samplersFirst.map((planned) =>
      limit(() => {
        if (control.stop.aborted)
          return keep(
            leaveOut(planned, { status: "skipped", reason: "you went on before it began", byChoice: true }),
          );
        return runOne(planned);
      }),
    ),
  );

  // Phase 2: the pauses, one at a time, the core last.
  let coresSynced: Promise<unknown> = Promise.resolve();
  for (const planned of runnable.filter(({ phase }) => phase === "pause")) {
    const reason = reasonNotToPause(planned, {
      leftMs: plan.collectUntilMs - clock.elapsedMs(),
      pauseLeftMs: pauses.leftMs(),
      stopped: control.stop.aborted,
    });
    if (reason) await keep(leaveOut(planned, { status: "skipped", reason }));
    else await gate(() => runPermitted(planned));
    const cores = results.at(-1)?.cores ?? [];
    // One that still grows is durable when it is whole.
    if (results.at(-1)?.late !== undefined) continue;
    coresSynced = Promise.all([coresSynced, ...cores.map((core) => fsyncFile(core).catch(() => undefined))]);
  }
  // Not while another target of this command stands on the same permit.
  if (request.pausePermit) await gate(async () => request.pausePermit?.over());

  // Secure: all of it on disk. A core of many gigabytes may take longer than the budget: it is then durable with the seal.
  await note({ kind: "secured", at: clock.now() });
  await journal.sync().catch(() => undefined);
  await fsyncFolder(paths.folder);
  await Promise.race([coresSynced, delay(request.budgetMs - 150 - clock.elapsedMs(), control.stop)]);
  // COMMAND begins when the budget is over, whether we are through or not: a look after that is none before it.
  const isBefore = clock.elapsedMs() < request.budgetMs;
  const mitigationCheck = isBefore ? identityBeforeMitigation(request, clock.now()) : undefined;
  if (mitigationCheck) await note({ kind: "identity", check: mitigationCheck });
  await journal.close().catch(() => undefined);
  // COMMAND inherits our priority.
  setOwnPriority(NORMAL);
  control.onProgress({ kind: "secured", elapsedMs: clock.elapsedMs() });
  const late = followLate(results, early);
  return {
    paths,
    capture: { ...capture, target: { ...capture.target, runtime } },
    records: results.map(({ record }) => record),
    readings: results.flatMap(({ readings }) => readings),
    checks: [
      ...results.flatMap(({ check }) => (check ? [check] : [])),
      ...(mitigationCheck ? [mitigationCheck] : []),
    ],
    cores: results.flatMap(({ cores }) => cores.map((core) => relative(paths.folder, core))),
    pausedMs: pauses.totalMs(),
    elapsedMs: clock.elapsedMs(),
    finishedAt: clock.now(),
    early,
    late,
    release: async () => {
      // Our guardian ends the helper of a core should we be killed, and the sweep would end it now.
      await late.finished();
      await sweep(paths.captureId);
      await guardian.release();
    },
  };
}

function identityBeforeMitigation(request: CaptureRequest, at: string): IdentityCheck | undefined {
  if (request.mitigation === undefined) return undefined;
  const identity = checkIdentity(request.held, request.target);
  return {
    at,
    before: "mitigation",
    same: identity.same,
    ...(identity.same ? {} : { found: identity.found }),
  };
}

function reasonNotToPause(
  { estimate }: PlannedCollector,
  now: { readonly leftMs: number; readonly pauseLeftMs: number; readonly stopped: boolean },
): string | undefined {
  if (now.stopped) return "you went on before it began";
  if (estimate.timeMs > now.leftMs)
    return `takes about ${Math.round(estimate.timeMs)} ms; ${Math.max(0, Math.round(now.leftMs))} ms of the budget are left`;
  if (estimate.pauseMs > now.pauseLeftMs)
    return `would stop the target for about ${Math.round(estimate.pauseMs)} ms; ${Math.round(now.pauseLeftMs)} ms of --max-pause are left`;
  return undefined;
}
