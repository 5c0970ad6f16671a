// One capture with what a person sees of it: progress, the two keys, and how it ended.
import { runCapture, type SecuredCapture } from "../capture/run.ts";
import { planRequest } from "../capture/plan-request.ts";
import { checkRecords } from "../capture/check-records.ts";
import type { NotePlaces } from "../capture/post-notes.ts";
import type { CaptureRequest, Progress } from "../capture/request.ts";
import { delay } from "../host/clock.ts";
import { openDeadline } from "../host/deadline.ts";
import { printable } from "../printable.ts";
import { openKeys, type Keys, type Stopped } from "./keys.ts";
import { openProgress } from "./progress.ts";
import { styleOf } from "./style.ts";
import type { CommandContext } from "./command.ts";

/** What a collector may take to end after a key was pressed; the disk may take for ever. */
const AFTER_STOP_MS = 5000;

export interface TakenCapture {
  /** Rejects when nothing could be saved. Settled, unless `isLate`. */
  readonly securing: Promise<SecuredCapture>;
  readonly stoppedBy: Stopped | undefined;
  /** The deadline came first: something on the host does not answer. Nothing more is collected. */
  readonly isLate: boolean;
}

interface Follow {
  /** What follows the capture, for the live line. */
  readonly command?: string;
  /** Where its notes will go: they are asked beside the capture; absent when nothing is to be noted. */
  readonly records?: NotePlaces;
  /** Counted from our own start; without one only a key or a signal ends the waiting. */
  readonly deadlineMs?: number;
}

/** Runs a capture in front of a person, or in a log. Never rejects. */
export async function takeCapture(
  request: CaptureRequest,
  context: CommandContext<unknown>,
  { command, deadlineMs, records }: Follow = {},
): Promise<TakenCapture> {
  const told: string[] = [];
  let tell = (line: string): void => {
    told.push(line);
  };
  if (records)
    checkRecords(request.incidents, records, ({ incident, problem }) =>
      tell(`exhibit: ${printable(incident)}: ${printable(problem, 500)}`),
    );
  const display = openProgress({
    write: context.draw,
    isTty: context.progress.isTty && !context.global.json,
    columns: context.progress.columns,
    style: styleOf(context.progress),
    quiet: context.global.quiet,
    verbose: context.global.verbose,
    command,
  });
  const stops: Partial<Record<Stopped, string>> = {
    "go-on": command === undefined ? "going on: sealing what there is" : `going on to ${command}`,
    SIGINT:
      "stopping: what there is will be sealed" + (command === undefined ? "" : "; COMMAND will not run"),
  };
  const onStop = (by: Stopped) => {
    display.close();
    context.warn(`exhibit: ${stops[by] ?? stops.SIGINT}`);
  };
  const keys: Keys = openKeys(context, onStop);
  const stop = openDeadline((deadlineMs ?? Number.POSITIVE_INFINITY) - performance.now(), keys.stop);
  const settled = new AbortController();
  try {
    const control = {
      stop: stop.signal,
      onProgress: (progress: Progress) => display.show(progress),
    };
    const securing = planRequest(request).then((plan) => runCapture(request, plan, control));
    const isLate = await Promise.race([
      securing.then(
        () => false,
        () => false,
      ),
      timeUp({ deadlineMs, stop: keys.stop, settled: settled.signal }),
    ]);
    return { securing, stoppedBy: keys.stoppedBy(), isLate };
  } finally {
    settled.abort();
    stop.close();
    display.close();
    keys.close();
    // The live line is gone; from now on it is said at once.
    tell = context.warn;
    for (const line of told) context.warn(line);
  }
}

/** Resolves when there is no more time: at the deadline, or a while after a key was pressed. */
async function timeUp(until: {
  readonly deadlineMs: number | undefined;
  readonly stop: AbortSignal;
  readonly settled: AbortSignal;
}): Promise<true> {
  const { deadlineMs, stop, settled } = until;
  const stopped = new Promise<void>((resolve) =>
    stop.addEventListener("abort", () => resolve(), { once: true }),
  ).then(() => delay(AFTER_STOP_MS, settled));
  const deadline =
    deadlineMs === undefined ? [] : [delay(Math.max(0, deadlineMs - performance.now()), settled)];
  await Promise.race([stopped, ...deadline]);
  return true;
}
