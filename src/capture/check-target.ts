// A look at a live target that stops nothing and keeps nothing: the collectors that only read, side by side for a moment,
// into a folder of our own that goes away with us, then the rules over what they gave.
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import pLimit from "p-limit";
import { bundlePaths } from "../bundle/layout.ts";
import type { CollectorRecord, ReadingRecord } from "../bundle/manifest.ts";
import { delay, startClock } from "../host/clock.ts";
import { openDeadline } from "../host/deadline.ts";
import { openQuota } from "../host/disk.ts";
import { sweep } from "../host/process-group.ts";
import { answerOf, unseenParts, type Answer } from "../readings/answer.ts";
import { readEvidence } from "../readings/evidence.ts";
import { judgeEvidence } from "../readings/judge.ts";
import type { Expectations } from "../readings/rule.ts";
import type { Choice } from "./choose.ts";
import { openJournal } from "./journal.ts";
import { evidenceOf } from "./evidence-folder.ts";
import { readingRecord } from "./judge-bundle.ts";
import type { Pauses } from "./pauses.ts";
import { planCapture, type PlanRequest } from "./plan.ts";
import type { CaptureRequest } from "./request.ts";
import { runCollector, type CaptureState } from "./run-collector.ts";

const SIDE_BY_SIDE = 6;
const SCRATCH_BYTES = 128 * 1024 ** 2;
/** From the last tick to the answer, on an idle host. */
const AFTERWARDS_MS = 700;
/** Intervals of a sampler in the window. */
const LOOKS = 3;
const WINDOW_MS = { least: 300, most: 1500 };

const NO_PAUSES: Pauses = {
  hold: () => Promise.reject(new Error("a check stops nothing")),
  onlyUntil: () => undefined,
  leftMs: () => 0,
  totalMs: () => 0,
};

type CheckRequest = Pick<
  CaptureRequest,
  "target" | "held" | "platform" | "missingRight" | "collectors" | "agoMs"
> & {
  /** Everything ends this long after our own start. */
  readonly limitMs: number;
  /** Ends it early; what there is by then is judged. */
  readonly stop: AbortSignal;
  /** What should be so; looked up beside the look at the target. */
  readonly expectations: Promise<Expectations>;
};

export interface CheckedTarget {
  readonly answer: Answer;
  readonly readings: readonly ReadingRecord[];
  /** Collectors without which nothing can be ruled out, and that saw nothing. */
  readonly unseen: readonly string[];
  /** Those that ran, and how they ended. */
  readonly records: readonly CollectorRecord[];
  readonly windowMs: number;
}

/** In memory where the host has such a place: a check must work on a full disk. What a killed check left there goes first. */
async function makeScratch(): Promise<string> {
  await removeLeft("/dev/shm");
  const name = `exhibit-check-${process.pid}-`;
  return mkdtemp(join("/dev/shm", name)).catch(() => mkdtemp(join(tmpdir(), name)));
}

async function removeLeft(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch((): string[] => [])) {
    const pid = /^exhibit-check-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/** A sampler of seconds would see a window of one as a single moment. */
function sampledEvery(periodMs: number, choice: Choice): Choice {
  const { options } = choice;
  const samples = typeof options === "object" && options !== null && "periodMs" in options;
  return samples
    ? { ...choice, options: { ...options, periodMs: Math.max(100, Math.floor(periodMs)) } }
    : choice;
}

/** Looks, and says what the rules say. Rejects when there is no place to look into. */
export async function checkTarget(request: CheckRequest): Promise<CheckedTarget> {
  const { target, platform, agoMs, limitMs } = request;
  const clock = startClock(agoMs);
  const scratch = await makeScratch();
  // What we start carries this name: another check must not end it.
  const paths = bundlePaths(scratch, basename(scratch));
  const asksNothing = ({ collector }: PlanRequest["collectors"][number]) =>
    collector.platforms[platform]?.touch === "none";
  const windowMs = Math.max(
    WINDOW_MS.least,
    Math.min(WINDOW_MS.most, limitMs - AFTERWARDS_MS - clock.elapsedMs()),
  );
  let isInTime = false;
  try {
    const plan = planCapture({
      ...request,
      collectors: request.collectors
        .filter(asksNothing)
        .map((choice) => sampledEvery(windowMs / LOOKS, choice)),
      budgetMs: limitMs,
      maxPauseMs: 0,
      windowMs,
      elapsedMs: 0,
      slowness: 1,
      spendableBytes: SCRATCH_BYTES,
      careful: [],
    });
    const state: CaptureState = {
      ...request,
      paths,
      quota: openQuota(scratch, { keepFree: { bytes: 0 }, maxBytes: SCRATCH_BYTES }),
      pauses: NO_PAUSES,
      clock,
      windowMs,
      journal: openJournal(paths.journal),
    };
    const leftMs = () => Math.max(0, limitMs - AFTERWARDS_MS / 2 - clock.elapsedMs());
    const records: CollectorRecord[] = [];
    const limit = pLimit(SIDE_BY_SIDE);
    const runs = plan.collectors.map((planned) =>
      limit(async () => {
        const deadline = openDeadline(leftMs(), request.stop);
        const time = { signal: deadline.signal, leftMs };
        records.push((await runCollector(planned, state, time).finally(deadline.close)).record);
      }),
    );
    isInTime = await Promise.race([
      Promise.all(runs).then(() => true),
      delay(limitMs - 200 - clock.elapsedMs(), request.stop).then(() => false),
    ]);
    const evidence = await readEvidence(evidenceOf(paths.folder), { target });
    const readings = judgeEvidence(evidence, await request.expectations);
    const unseen = unseenParts(evidence);
    return {
      answer: answerOf(readings, unseen),
      readings: readings.map(readingRecord),
      unseen,
      records,
      windowMs,
    };
  } finally {
    if (!isInTime) await sweep(paths.captureId);
    await rm(scratch, { recursive: true, force: true }).catch(() => undefined);
  }
}
