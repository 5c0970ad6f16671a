// What one collector may touch, on the live host: commands through host/run.ts, files through the held /proc/PID folder,
// its own folder in the bundle, and the runner's clock.
import { CommandError, UnsupportedError } from "../errors.ts";
import type {
  CollectorContext,
  CommandOptions,
  CommandOutput,
  LateWork,
  Platform,
  Stopped,
  Tick,
} from "../collectors/collector.ts";
import type { CommandRun, InsideRecord, Target } from "../bundle/manifest.ts";
import { readHeadroom } from "../core/helper/headroom.ts";
import { delay, type Clock } from "../host/clock.ts";
import { openDeadline } from "../host/deadline.ts";
import { hasCommand } from "../host/commands-on-path.ts";
import type { Quota } from "../host/disk.ts";
import { hostFiles } from "../host/host-files.ts";
import type { HeldProcess } from "../host/process-files.ts";
import { run } from "../host/run.ts";
import { watchTrace } from "../inspector/watch-trace.ts";
import { FILE_LIMIT_BYTES, type Evidence } from "./evidence.ts";
import { lookInside } from "./look-inside.ts";
import type { Pauses } from "./pauses.ts";

/** What a collector did, as it goes: the runner makes the record of it. */
export interface Trace {
  readonly commands: CommandRun[];
  readonly gaps: string[];
  readonly cores: string[];
  method: string | undefined;
  truncated: boolean;
  observedPauseMs: number | undefined;
  late: { readonly pending: string; readonly work: LateWork } | undefined;
  /** Takes out of the target what was put in. */
  leave: (() => Promise<InsideRecord>) | undefined;
  /** Ends what looks at the target for as long as the collector runs. */
  endWatch: (() => void) | undefined;
}

export interface ContextRequest {
  readonly name: string;
  readonly platform: Platform;
  readonly target: Target;
  readonly held: HeldProcess;
  readonly evidence: Evidence;
  readonly quota: Quota;
  readonly pauses: Pauses;
  readonly clock: Clock;
  readonly windowMs: number;
  readonly signal: AbortSignal;
  /** The mark of this collector's processes. */
  readonly runId: string;
  readonly lateFile: string;
  readonly trace: Trace;
  readonly onCore: (name: string) => Promise<void>;
  /** Of the collector's time. */
  readonly leftMs: () => number;
  /** Where marks of opened inspectors are kept. */
  readonly marks: string;
}

/** Builds the context; options are put in by the collector's own schema. */
export function openContext(request: ContextRequest): Omit<CollectorContext<unknown>, "options"> {
  const { evidence, trace, signal } = request;
  return {
    platform: request.platform,
    target: request.target,
    signal,
    windowMs: request.windowMs,
    run: (argv, options) => runCommand(request, argv, options),
    has: hasCommand,
    inspect: (how) => lookInside(request, how?.isClosedBetween ?? false),
    watchTrace: () => {
      const watch = watchTrace(request.held);
      trace.endWatch = watch.end;
      return watch;
    },
    process: request.held,
    host: hostFiles,
    save: evidence.save,
    saveJson: (name, value) => evidence.save(name, `${JSON.stringify(value, undefined, 2)}\n`),
    saveLines: evidence.saveLines,
    lines: evidence.lines,
    stream: async (name, sensitive) => {
      if (sensitive === "core") await markCore(request, name);
      return evidence.stream(name);
    },
    reserve: async (name, sensitive) => {
      const path = evidence.claim(name);
      if (sensitive === "core") await markCore(request, name);
      return path;
    },
    ticks: (periodMs) => ticks(request, periodMs),
    gap: (reason) => void trace.gaps.push(reason),
    method: (name) => {
      trace.method = name;
    },
    left: async () => ({
      timeMs: request.leftMs(),
      pauseMs: request.pauses.leftMs(),
      bytes: await request.quota.left(),
      memoryBytes: readHeadroom(request.held.pid)?.bytes,
    }),
    mark: request.runId,
    lateFile: request.lateFile,
    hold: (work) => holdTarget(request, work),
    later: (pending, work) => {
      trace.late = { pending, work };
    },
  };
}

async function holdTarget<T>(
  request: ContextRequest,
  work: (signal: AbortSignal) => Promise<Stopped<T>>,
): Promise<T> {
  const { pauses, trace } = request;
  const before = pauses.totalMs();
  try {
    const { value } = await pauses.hold(request.name, async (signal) => {
      const either = openDeadline(Number.POSITIVE_INFINITY, signal, request.signal);
      const stopped = await work(either.signal).finally(either.close);
      // The kernel lets go what a dead tracer held; nothing was stopped by a signal.
      return { ...stopped, killed: false };
    });
    return value.value;
  } finally {
    trace.observedPauseMs = (trace.observedPauseMs ?? 0) + pauses.totalMs() - before;
  }
}

async function* ticks({ clock, windowMs, signal }: ContextRequest, periodMs: number): AsyncIterable<Tick> {
  const begin = clock.elapsedMs();
  for (let index = 0; index * periodMs <= windowMs && !signal.aborted; index++) {
    await delay(begin + index * periodMs - clock.elapsedMs(), signal);
    // The last look of a window that was cut short still closes an interval.
    if (signal.aborted && index === 0) return;
    yield { index, at: clock.now(), monotonicMs: clock.elapsedMs() };
  }
}

/** Journalled before the file is there: after a kill it still counts as memory. */
async function markCore({ trace, onCore }: ContextRequest, name: string): Promise<void> {
  trace.cores.push(name);
  await onCore(name);
}

async function runCommand(
  request: ContextRequest,
  argv: readonly [string, ...string[]],
  options: CommandOptions,
): Promise<CommandOutput> {
  const { evidence, trace } = request;
  const stdoutPath = evidence.claim(options.as);
  const stderrName = `${options.as}.stderr`;
  if (options.sensitive === "core")
    for (const name of [options.as, stderrName]) await markCore(request, name);
  const start = (signal: AbortSignal) =>
    run({
      argv,
      stdoutPath,
      take: request.quota.take,
      limitBytes: FILE_LIMIT_BYTES,
      signal,
      runId: request.runId,
      ...(options.forMs === undefined ? {} : { forMs: options.forMs }),
      ...(options.stopsTarget ? { tracer: true } : {}),
    });
  const outcome = options.stopsTarget ? await startHolding(request, start) : await start(request.signal);

  trace.commands.push({
    argv: [...argv],
    startedAt: outcome.startedAt,
    durationMs: outcome.durationMs,
    ...(outcome.exitCode === undefined ? {} : { exitCode: outcome.exitCode }),
    ...(outcome.signal === undefined ? {} : { signal: outcome.signal }),
    ...(outcome.endedBy === "deadline" ? { timedOut: true } : {}),
    ...(outcome.endedBy === "limit" ? { truncated: true } : {}),
  });
  if (outcome.stderr !== "") await evidence.save(stderrName, outcome.stderr);
  if (outcome.notStarted !== undefined) throw notStarted(argv[0], outcome.notStarted);
  if (outcome.writeError) throw outcome.writeError;
  if (outcome.endedBy === "limit") trace.truncated = true;
  const accepted =
    outcome.exitCode === 0 || (outcome.exitCode !== undefined && options.accept?.includes(outcome.exitCode));
  if (outcome.endedBy === undefined && !accepted) throw failed(argv[0], outcome);
  if (outcome.endedBy === "deadline")
    throw new CommandError(`${argv[0]}: ended after ${outcome.durationMs} ms, its time was up`);
  return {
    stdout: outcome.stdout.toString("utf8"),
    stderr: outcome.stderr,
    exitCode: outcome.exitCode,
    signal: outcome.signal,
    truncated: outcome.endedBy === "limit",
  };
}

/** Runs a command that stops the target, under the guardian. */
async function startHolding(request: ContextRequest, start: (signal: AbortSignal) => ReturnType<typeof run>) {
  const { pauses, trace } = request;
  const before = pauses.totalMs();
  try {
    const { value, tooLong } = await pauses.hold(request.name, async (signal) => {
      const either = openDeadline(Number.POSITIVE_INFINITY, signal, request.signal);
      const outcome = await start(either.signal).finally(either.close);
      return { outcome, killed: outcome.endedBy !== undefined };
    });
    if (tooLong) trace.gaps.push("cut short: the target had been stopped for as long as --max-pause allows");
    return value.outcome;
  } finally {
    trace.observedPauseMs = (trace.observedPauseMs ?? 0) + pauses.totalMs() - before;
  }
}

function notStarted(command: string, errno: string): Error {
  if (errno === "ENOENT")
    return new UnsupportedError(`${command} is not on this host`, { hint: "exhibit doctor" });
  return new CommandError(`${command}: cannot be run: ${errno}`);
}

function failed(
  command: string,
  outcome: { exitCode: number | undefined; signal: string | undefined; stderr: string },
): Error {
  const how = outcome.signal === undefined ? `exit status ${outcome.exitCode}` : `ended by ${outcome.signal}`;
  const last = outcome.stderr.trim().split("\n").at(-1) ?? "";
  return new CommandError(`${command}: ${how}${last === "" ? "" : `: ${last}`}`, {
    ...(outcome.exitCode === undefined ? {} : { exitStatus: outcome.exitCode }),
    ...(outcome.signal === undefined ? {} : { signal: outcome.signal }),
  });
}
