// exhibit run: any command of the operator's, its output shown as it comes and kept as evidence. Its exit status is ours,
// whatever becomes of the bundle.
import { reasonForNoTerminal, type Attended } from "../host/attended-command.ts";
import { lookUpCommand } from "../host/commands-on-path.ts";
import { isInForeground } from "../host/terminal.ts";
import { runCommand, type RanCommand } from "../capture/run-command.ts";
import { UsageError } from "../errors.ts";
import { formatBytes, formatDuration } from "../incident/wording.ts";
import { printable } from "../printable.ts";
import { readMaxSize, readPlace } from "./capture-request.ts";
import type { CommandContext, CommandResult, StopSignal } from "./command.ts";
import { openDestination, recover } from "./destination.ts";
import type { RunOptions } from "./during-options.ts";
import { exitCodeOf } from "./keys.ts";
import { keepBundle } from "./kept-bundle.ts";
import { readSettings } from "./read-settings.ts";
import type { RunResult } from "./results/during.ts";

const LIMIT_BYTES = 64 * 1024 ** 2;

export async function run(context: CommandContext<RunOptions>): Promise<CommandResult> {
  const { options, warn } = context;
  const [file, ...args] = context.argv;
  if (file === undefined)
    throw new UsageError("run needs a command after --", { hint: "exhibit run -i INC-4211 -- vmstat 1 5" });
  const argv: readonly [string, ...string[]] = [file, ...args];
  const limitBytes = readMaxSize(options.maxSize) ?? LIMIT_BYTES;
  const loaded = await readSettings(context);
  const place = readPlace(options, loaded);
  const destination = await openDestination(options, loaded);
  const lookUp = lookUpCommand(file);
  if (lookUp.state !== "found") return commandMissing(argv, lookUp.state === "missing", context);

  const { onTerminal, stop } = attendance(argv, context);
  const ran = await runCommand(
    { ...place, spool: { ...loaded.settings.spool, maxBytes: limitBytes }, phase: "adhoc", argv, limitBytes },
    {
      onTerminal,
      // With --json stdout is the document's alone.
      stdout: context.global.json ? 2 : 1,
      warn,
      onStarted: stop.attach,
    },
  );
  stop.close();
  const command = { argv: [...argv], ...tellEnd(ran) };
  if (ran.end.notStarted !== undefined) warn(`exhibit: ${printable(file)}: ${ran.end.notStarted}`);
  let capture: RunResult["capture"] = { saved: false, reason: ran.problem ?? "nothing could be kept" };
  if (ran.secured !== undefined)
    capture = await keepBundle(ran.secured, { destination, context, what: whatOf(ran) });
  await recover(loaded, destination, { patienceMs: 0 }).catch(() => undefined);
  return { exitCode: exitCodeOfEnd(ran), json: { capture, command } satisfies RunResult };
}

/** A terminal stays a terminal; Ctrl-C and other signals are the command's. */
function attendance(argv: readonly [string, ...string[]], context: CommandContext<RunOptions>) {
  const isTerminal = context.terminal.isTty && context.progress.isTty && context.stdin().isTTY;
  const wanted = isTerminal && isInForeground();
  const without = wanted ? reasonForNoTerminal(argv) : undefined;
  if (without !== undefined) context.warn(`exhibit: COMMAND gets pipes in place of the terminal: ${without}`);
  const onTerminal = wanted && without === undefined;
  let command: Attended | undefined;
  const early: StopSignal[] = [];
  const pass = (signal: StopSignal) => {
    // The terminal has given it to every process of the group, COMMAND too.
    if (signal === "SIGINT" && !onTerminal && isInForeground()) return;
    if (command) command.signal(signal);
    else early.push(signal);
  };
  const close = context.onSignal(pass);
  return {
    onTerminal,
    stop: {
      close,
      attach: (started: Attended) => {
        command = started;
        for (const signal of early) started.signal(signal);
      },
    },
  };
}

function commandMissing(
  argv: readonly [string, ...string[]],
  missing: boolean,
  { warn }: CommandContext<RunOptions>,
): CommandResult {
  const reason = `${printable(argv[0])}: ${missing ? "no such command" : "cannot be executed"}`;
  warn(`exhibit: ${reason}; nothing was kept`);
  const json: RunResult = {
    capture: { saved: false, reason: "not begun: COMMAND cannot be run" },
    command: { argv: [...argv], notStarted: reason },
  };
  return { exitCode: missing ? 127 : 126, json };
}

/** As outcome.json would tell it. */
function tellEnd({ startedAt, durationMs, end }: RanCommand): Omit<RunResult["command"], "argv"> {
  const { exitCode, signal, notStarted } = end;
  if (notStarted !== undefined) return { notStarted };
  return {
    startedAt,
    durationMs,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** The command's own, 128+n when a signal ended it, 126 when it could not be executed after all. */
function exitCodeOfEnd({ end }: RanCommand): number {
  if (end.notStarted !== undefined) return end.notStarted === "ENOENT" ? 127 : 126;
  return end.signal === undefined ? (end.exitCode ?? 0) : exitCodeOf(end.signal);
}

function whatOf({ end, durationMs, secured }: RanCommand): string {
  const how = end.signal === undefined ? `exit ${end.exitCode ?? "unknown"}` : `ended by ${end.signal}`;
  const bytes = secured?.records[0]?.bytes ?? 0;
  return `${how} after ${formatDuration(durationMs)}, ${formatBytes(bytes)} of output`;
}
