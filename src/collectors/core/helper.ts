// A core by our own helper: out of a snapshot, or of the stopped target. What the helper promises is checked against what is
// left before anything is stopped; what it gave is checked before it is called a core.
import { stat, unlink } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { streamPacking } from "../../core/compress.ts";
import { CoreRefusal, prepareCore, type PreparedCore, type StandingCore } from "../../core/core-helper.ts";
import type { CompleteEvent } from "../../core/helper/messages.ts";
import { followStream } from "../../core/follow-stream.ts";
import { executableOf, openLine } from "../../core/open-line.ts";
import { ExhibitError } from "../../errors.ts";
import type { CollectorContext, LateContext, Left, Reading } from "../collector.ts";
import { faultOf } from "./fits.ts";
import type { Instead } from "./instead.ts";
import { describeCore, PENDING, type AboutCore } from "./late-core.ts";

type Context = CollectorContext<unknown>;

/** Of what it promises for a core through a compressor, so much may reach the disk: a third is usual (measured). */
const PACKED_SHARE = 0.5;
/** At 400 MB a second a reserve of a small disk is gone in no time. */
const LOOK_MS = 100;

const NO_ROOM =
  "the core broke off: no room is left beside the reserve (spool.keepFree); what there was of it is removed, so that the rest can be sealed";

interface Taken {
  readonly about: AboutCore;
  readonly path: string;
  readonly prepared: PreparedCore;
  readonly standing: StandingCore;
  readonly roomBytes: number;
}

/** Throws CoreRefusal when the next method should be tried. */
export async function takeByHelper(
  context: Context,
  method: "snapshot" | "stop",
  instead: readonly Instead[],
): Promise<readonly Reading[]> {
  const { target } = context;
  const left = await context.left();
  const packing = await choosePacking(method, target, left);
  const name =
    method === "snapshot" ? `core${packing?.suffix ?? ""}` : `core-stopped${packing?.suffix ?? ""}`;
  const path = await context.reserve(name, "core");
  const executable = await context.process.link("exe").then(executableOf, () => undefined);
  const about: AboutCore = {
    method,
    instead,
    file: name,
    isPacked: packing !== undefined,
    open: openLine(executable, name.replace(/\.zst$/, "")),
    ...(executable === undefined ? {} : { executableDeleted: executable.deleted }),
  };
  const prepared = await prepareCore({
    pid: target.pid,
    startTime: target.startTime,
    method,
    maxPauseMs: Math.floor(left.pauseMs),
    path,
    through: packing?.through ?? [],
    runId: context.mark,
    signal: context.signal,
    ...(method === "snapshot" ? { alone: { told: context.lateFile, about, roomBytes: left.bytes } } : {}),
  }).catch(discarding(path));
  const { estimate } = prepared.ready;
  const sizeBytes = estimate.coreBytes * (packing === undefined ? 1 : PACKED_SHARE);
  // A snapshot is safe once it stands; the stopped target is its core until all is read.
  const timeMs = method === "snapshot" ? estimate.pauseMs : estimate.timeMs;
  const fault = faultOf({ pauseMs: estimate.pauseMs, timeMs, sizeBytes }, await context.left());
  if (fault !== undefined) {
    prepared.cancel();
    return discarding(path)(new CoreRefusal(fault));
  }

  const standing = await stand(context, prepared).catch(discarding(path));
  context.method(method);
  const taken: Taken = { about, path, prepared, standing, roomBytes: left.bytes };
  if (method === "snapshot" && standing.standing.survivesRestart) {
    context.later(PENDING, (late) => finish(taken, { ...late, left: context.left }));
    return [];
  }
  // What is left of the budget is all it has: COMMAND may end the copy with the target.
  return finish(taken, { ...context, left: context.left });
}

/** Raw into a file is the shorter pause, where there is room; a snapshot does not hold the target while it is packed. */
async function choosePacking(
  method: "snapshot" | "stop",
  { residentBytes, runtime }: Context["target"],
  left: Left,
): ReturnType<typeof streamPacking> {
  const hasRoom = residentBytes !== undefined && residentBytes * 1.2 < left.bytes;
  return method === "stop" && hasRoom ? undefined : streamPacking(runtime.name);
}

function discarding(path: string) {
  return async (error: unknown): Promise<never> => {
    await unlink(path).catch(() => undefined);
    throw error;
  };
}

/** The pause. What it took counts, whatever came of it. */
async function stand(context: Context, prepared: PreparedCore): Promise<StandingCore> {
  const result = await context.hold<StandingCore | CoreRefusal>(async (signal) => {
    if (signal.aborted) prepared.cancel();
    signal.addEventListener("abort", prepared.cancel, { once: true });
    try {
      const value = await prepared.take();
      return { value, pausedMs: value.standing.pauseMs };
    } catch (error) {
      if (!(error instanceof CoreRefusal)) throw error;
      return { value: error, pausedMs: error.pausedMs };
    } finally {
      signal.removeEventListener("abort", prepared.cancel);
    }
  });
  if (result instanceof CoreRefusal) throw result;
  return result;
}

/** Waits for the core, looks whether it is one, and writes down what it is. */
async function finish(
  taken: Taken,
  context: Pick<LateContext, "signal" | "saveJson" | "gap"> & { readonly left: () => Promise<Left> },
): Promise<readonly Reading[]> {
  const { about, path, standing, prepared } = taken;
  const watch = watchDisk(taken, context);
  // Beside the stream where a CPU is left for it; on two, reader and compressor need both (measured: a third slower in all).
  const isBeside = about.isPacked && availableParallelism() > 2;
  const check = isBeside ? followStream(path) : undefined;
  let complete: CompleteEvent | undefined;
  const broken: string[] = [];
  try {
    complete = await standing.finished;
  } catch (error) {
    check?.cancel();
    const said = watch.reason() ?? (error instanceof ExhibitError ? error.message : String(error));
    broken.push((await makeRoom(path, context)) ?? said);
  } finally {
    watch.stop();
  }
  const { facts, problems, readings } = await describeCore({
    about,
    path,
    ready: prepared.ready,
    standing: standing.standing,
    complete,
    problems: broken,
    ...(check === undefined ? {} : { check: check.finish }),
  });
  await context.saveJson("core.json", facts);
  for (const problem of problems) context.gap(problem);
  return readings;
}

/**
 * A core that broke off because the disk is full is of no use, and keeps the rest from being sealed and the next capture from
 * beginning: it is removed. Resolves with the words for it; undefined where there is room.
 */
async function makeRoom(
  path: string,
  { left }: { readonly left: () => Promise<Left> },
): Promise<string | undefined> {
  const room = await left().catch(() => undefined);
  if (room === undefined || room.bytes > 0) return undefined;
  return unlink(path).then(
    () => NO_ROOM,
    () => undefined,
  );
}

/** Ends the helper when its time is up or the disk is full: what is left free is not ours. */
function watchDisk(
  { path, prepared, roomBytes }: Taken,
  { signal, left }: { readonly signal: AbortSignal; readonly left: () => Promise<Left> },
) {
  let reason: string | undefined;
  const end = (why: string) => {
    reason ??= why;
    prepared.cancel();
  };
  const onAbort = () => end("its time was up before the core was whole");
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = setInterval(() => {
    void Promise.all([left(), stat(path)]).then(
      ([{ bytes }, { blocks }]) => {
        if (bytes <= 0 || blocks * 512 > roomBytes) end("no space left for it beside the reserve");
      },
      () => undefined,
    );
  }, LOOK_MS);
  return {
    reason: () => reason,
    stop: () => {
      clearInterval(timer);
      signal.removeEventListener("abort", onAbort);
    },
  };
}
