// `exhibit run`, from a command to its output that is safe on disk: begin the bundle, start the command, pass on and keep
// what it says, secure. What must stay true: a bundle that cannot be begun, and a disk that fails, never stop the command.
import { basename, join } from "node:path";
import type { CollectorRecord } from "../bundle/manifest.ts";
import { RAN } from "../bundle/layout.ts";
import { secretValues } from "../bundle/redaction/secret-values.ts";
import { ExhibitError, messageOf } from "../errors.ts";
import { assertAnswers } from "../host/answers.ts";
import {
  startAttended,
  type Attended,
  type AttendedEnd,
  type OutputStream,
} from "../host/attended-command.ts";
import { startClock, type Clock } from "../host/clock.ts";
import { openQuota } from "../host/disk.ts";
import { createFileSync, fsyncFolderSync, makeFolderSync } from "../host/files.ts";
import { passThrough } from "../host/pass-through.ts";
import { printable } from "../printable.ts";
import { beginBundle, type BundleRequest } from "./begin-bundle.ts";
import { openCommandEvidence, type CommandEvidence, type KeptOutput } from "./command-evidence.ts";
import { openJournal } from "./journal.ts";
import type { SecuredBundle } from "./run.ts";

/** Of one argument, in the manifest; the whole of it is in argv.json. */
const ARGUMENT_LIMIT = 4000;
const ANSWER_MS = 2000;

export interface CommandRequest extends BundleRequest {
  readonly argv: readonly [string, ...string[]];
  /** Of output and its timing, on this host's disk. */
  readonly limitBytes: number;
}

export interface CommandControl {
  /** The command gets a terminal of its own, in place of pipes. */
  readonly onTerminal: boolean;
  /** Where its standard output goes. */
  readonly stdout: 1 | 2;
  /** Said at once, for a person. */
  readonly warn: (text: string) => void;
  readonly onStarted: (command: Attended) => void;
}

export interface RanCommand {
  readonly startedAt: string;
  readonly durationMs: number;
  readonly end: AttendedEnd;
  /** undefined: not even a bundle could be begun, which was said. */
  readonly secured: SecuredBundle | undefined;
  readonly problem: string | undefined;
}

/** What our own environment, which is that of the command, and its arguments hold that must not be kept. */
function secretsOf(argv: readonly string[]): readonly string[] {
  const environment = Object.entries(process.env).map(([key, value]) => `${key}=${value}`);
  return secretValues(Buffer.from(environment.join("\0")), Buffer.from(argv.join("\0")));
}

function begin(request: CommandRequest, clock: Clock) {
  const { argv } = request;
  const tool = printable(basename(argv[0]), 80);
  return beginBundle(request, {
    name: `run_${basename(argv[0])}`,
    startedAt: clock.now(),
    secrets: secretsOf(argv),
    facts: ({ redactArguments }) => ({
      made: "run",
      command: { argv: redactArguments(argv).map((argument) => printable(argument, ARGUMENT_LIMIT)) },
      planned: [{ name: RAN, tool, touch: "unknown", estimate: { timeMs: 0, pauseMs: 0, sizeBytes: 0 } }],
    }),
    fill: (evidence, { redactArguments }) => {
      const folder = join(evidence, RAN);
      makeFolderSync(folder);
      const whole = { argv: redactArguments(argv), folder: process.cwd() };
      createFileSync(join(folder, "argv.json"), Buffer.from(`${JSON.stringify(whole, undefined, 2)}\n`));
      fsyncFolderSync(folder);
    },
  });
}

type Begun = ReturnType<typeof begin>;

async function tryToBegin(request: CommandRequest, clock: Clock): Promise<Begun | ExhibitError> {
  try {
    await assertAnswers(request.spool.path, ANSWER_MS);
    return begin(request, clock);
  } catch (error) {
    if (error instanceof ExhibitError) return error;
    return new ExhibitError(messageOf(error), { cause: error });
  }
}

/** Runs the command to its end, whatever becomes of the evidence. Never rejects for a reason of the host's. */
export async function runCommand(request: CommandRequest, control: CommandControl): Promise<RanCommand> {
  const clock = startClock();
  const begun = await tryToBegin(request, clock);
  if (begun instanceof ExhibitError) {
    control.warn(`exhibit: NOTHING IS KEPT: ${printable(begun.message, 400)}`);
    if (begun.hint) control.warn(`exhibit: ${begun.hint}`);
    const ran = await attend(request, control, { clock, evidence: undefined });
    return { ...ran, secured: undefined, problem: begun.message };
  }
  const { paths, capture } = begun;
  const quota = openQuota(request.spool.path, { ...request.spool, maxBytes: Number.POSITIVE_INFINITY });
  const evidence = openCommandEvidence(paths.evidence(RAN), {
    streams: control.onTerminal ? ["output"] : ["stdout", "stderr"],
    limitBytes: request.limitBytes,
    quota,
  });
  const startedMonotonicMs = clock.elapsedMs();
  const ran = await attend(request, control, { clock, evidence });
  const kept = await evidence.settle();
  const finishedAt = clock.now();
  const record: CollectorRecord = {
    name: RAN,
    tool: printable(basename(request.argv[0]), 80),
    ...judge(ran.end, kept),
    method: control.onTerminal ? "on a terminal of its own (script)" : "through pipes",
    startedAt: ran.startedAt,
    endedAt: finishedAt,
    startedMonotonicMs,
    durationMs: ran.durationMs,
    commands: [
      {
        argv: capture.command?.argv ?? [],
        startedAt: ran.startedAt,
        durationMs: ran.durationMs,
        ...(ran.end.exitCode === undefined ? {} : { exitCode: ran.end.exitCode }),
        ...(ran.end.signal === undefined ? {} : { signal: ran.end.signal }),
        ...(kept.truncated ? { truncated: true } : {}),
      },
    ],
    bytes: kept.bytes,
    ...(kept.truncated ? { truncated: true } : {}),
  };
  const journal = openJournal(paths.journal);
  // A full disk costs a killed bundle what it would have told of itself, and no evidence.
  await journal.write({ kind: "collector", record, readings: [] }).catch(() => undefined);
  await journal.write({ kind: "secured", at: finishedAt }).catch(() => undefined);
  await journal.sync().catch(() => undefined);
  await journal.close().catch(() => undefined);
  const secured: SecuredBundle = {
    paths,
    capture,
    records: [record],
    readings: [],
    checks: [],
    cores: [],
    pausedMs: undefined,
    elapsedMs: clock.elapsedMs(),
    finishedAt,
    early: undefined,
  };
  return { ...ran, secured, problem: undefined };
}

/** The command from its start to its end; each piece of output is shown first and kept then. */
async function attend(
  request: CommandRequest,
  control: CommandControl,
  { clock, evidence }: { readonly clock: Clock; readonly evidence: CommandEvidence | undefined },
): Promise<Pick<RanCommand, "startedAt" | "durationMs" | "end">> {
  const startedAt = clock.now();
  const startedMs = clock.elapsedMs();
  const told = new Set<OutputStream>();
  const command = await startAttended(request.argv, {
    onTerminal: control.onTerminal,
    onOutput: async (stream, data) => {
      const atMs = clock.elapsedMs() - startedMs;
      const refused = await passThrough(stream === "stderr" ? 2 : control.stdout, data);
      await evidence?.keep(stream, data, atMs);
      if (refused === undefined) return true;
      if (refused === "EPIPE" || refused === "EIO") return false;
      if (!told.has(stream)) control.warn(`exhibit: ${stream} could not be written on: ${refused}`);
      told.add(stream);
      return true;
    },
  });
  control.onStarted(command);
  const end = await command.ended;
  return { startedAt, durationMs: Math.round(clock.elapsedMs() - startedMs), end };
}

/** Whether all of the output is there; how the command itself ended is another matter. */
function judge(end: AttendedEnd, kept: KeptOutput): Pick<CollectorRecord, "status" | "reason"> {
  if (end.notStarted !== undefined)
    return { status: "failed", reason: `could not be executed: ${end.notStarted}` };
  const reasons = [
    ...(kept.truncated ? ["output cut at its size limit"] : []),
    ...(kept.problem === undefined ? [] : [kept.problem]),
    ...(end.leftRunning ? ["it left something running, whose later output is not kept"] : []),
  ];
  return reasons.length === 0 ? { status: "ok" } : { status: "partial", reason: reasons.join("; ") };
}
