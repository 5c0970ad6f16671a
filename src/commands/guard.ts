// exhibit guard: capture, then run the mitigation. It reads top to bottom: look COMMAND up, capture, start COMMAND, and
// beside it seal, upload and note. A capture that fails never blocks COMMAND unless --require says so.
import type { CaptureRequest } from "../capture/request.ts";
import type { SecuredCapture } from "../capture/run.ts";
import { findCollector } from "../collectors/index.ts";
import { ExhibitError, SettingsError, UsageError } from "../errors.ts";
import { lookUpCommand } from "../host/commands-on-path.ts";
import { printable } from "../printable.ts";
import type { FoundTarget } from "../target/found.ts";
import { takeCapture } from "./capture-one.ts";
import { findAsked, readDuration, readRequestOptions } from "./capture-request.ts";
import { openDestination } from "./destination.ts";
import type { GuardOptions } from "./capture-options.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { showPlan } from "./dry-run.ts";
import type { After } from "./guard-after.ts";
import { mitigate, notRun, type Guarded } from "./guard-ending.ts";
import { NOT_RUN, withoutCapture, type Mitigating } from "./guard-without-evidence.ts";
import { exitCodeOf } from "./keys.ts";
import { readSettings } from "./read-settings.ts";
import type { GuardResult } from "./results/captures.ts";

/** Kept back from the budget to start COMMAND in. */
const START_MS = 50;
/** Evidence that was asked for may come a little late: COMMAND does not start without it. */
const LATE_FOR_REQUIRED_MS = 10_000;
const WAITS = ["secured", "sealed", "uploaded", "noted"];

export async function run(context: CommandContext<GuardOptions>): Promise<CommandResult> {
  const { options } = context;
  const [file, ...args] = context.argv;
  if (file === undefined)
    throw new UsageError("guard needs a command after --", {
      hint: "exhibit guard muskie@7 -- systemctl restart muskie@7",
    });
  const argv: readonly [string, ...string[]] = [file, ...args];
  const lookUp = lookUpCommand(file);
  if (lookUp.state !== "found") return commandMissing(argv, lookUp.state, context);
  if (options.wait !== undefined && !WAITS.includes(options.wait))
    throw new UsageError(`--wait ${options.wait}: expected ${WAITS.join(", ")}`);
  const required = options.require === undefined ? undefined : requiredNames(options.require);

  const shown = printable(argv.join(" "), 80);
  const then: Mitigating = { context, argv, required: required !== undefined };

  let prepared: Awaited<ReturnType<typeof prepare>>;
  try {
    prepared = await prepare(context, argv);
  } catch (error) {
    if (error instanceof UsageError || error instanceof SettingsError) throw error;
    return withoutCapture(error, then);
  }
  const { request, found, destination, after } = prepared;
  if (options.dryRun) return showPlan([request], { destination, argv, context });

  const deadlineMs = request.budgetMs + (required === undefined ? -START_MS : LATE_FOR_REQUIRED_MS);
  const { securing, stoppedBy, isLate } = await takeCapture(request, context, {
    command: shown,
    deadlineMs,
    ...(options.noNote ? {} : { records: destination.records }),
  });
  const guarded: Guarded = { ...then, found, securing, destination, ...(after ? { after } : {}) };
  if (stoppedBy !== undefined && stoppedBy !== "go-on")
    return notRun(guarded, { exitCode: exitCodeOf(stoppedBy), reason: `stopped by ${stoppedBy}`, isLate });
  if (isLate && required === undefined) {
    context.warn("exhibit: the budget is over and not all is safe on disk yet; COMMAND starts now");
    return mitigate(guarded, 0);
  }
  if (isLate)
    return notRun(guarded, { exitCode: NOT_RUN, reason: "--require: not safe on disk in time", isLate });
  let secured: SecuredCapture;
  try {
    secured = await securing;
  } catch (error) {
    return withoutCapture(error, then);
  }
  const missing = required && missingOf(secured, required);
  if (missing?.length) {
    const reason = `--require: not complete: ${missing.join(", ")}`;
    return notRun(guarded, { exitCode: NOT_RUN, reason, isLate });
  }
  return mitigate(guarded, request.budgetMs - secured.elapsedMs);
}

/** Settings, flags and the target. Throws what is wrong with any of them. */
async function prepare(context: CommandContext<GuardOptions>, argv: readonly string[]) {
  const { options } = context;
  const loaded = await readSettings(context);
  const common = readRequestOptions(options, loaded);
  const afterMs = options.after === undefined ? undefined : readDuration("--after", options.after);
  const destination = await openDestination(options, loaded);
  const found = await findOne(context);
  const request: CaptureRequest = {
    ...common,
    target: found.target,
    held: found.held,
    careful: found.careful,
    ...(found.rights.reason === undefined ? {} : { missingRight: found.rights.reason }),
    phase: "before",
    mitigation: { argv: argv.map((argument) => printable(argument, 1000)) },
    lockWaitMs: common.budgetMs,
    // What finding it took is gone from the budget: systemctl on a sick host takes seconds.
    agoMs: Math.round(performance.now()),
  };
  const after: After | undefined = afterMs === undefined ? undefined : { afterMs, loaded, request };
  return { request, found, destination, after };
}

async function findOne(context: CommandContext<GuardOptions>): Promise<FoundTarget> {
  const targets = await findAsked(context.positionals[0], context.options);
  const [first, ...others] = targets;
  if (first && others.length === 0) return first;
  for (const target of targets) target.held.close();
  if (!first) throw new ExhibitError("no process was found");
  throw new UsageError(`${targets.length} processes match; guard takes one`, {
    hint: "narrow it, or capture them first: exhibit capture",
  });
}

function commandMissing(
  argv: readonly [string, ...string[]],
  state: "missing" | "not-executable",
  context: CommandContext<GuardOptions>,
): CommandResult {
  const missing = state === "missing";
  const reason = `${printable(argv[0])}: ${missing ? "no such command" : "cannot be executed"}`;
  context.warn(`exhibit: ${reason}; nothing was captured`);
  const json: GuardResult = {
    capture: { saved: false, reason: "not begun: COMMAND cannot be run" },
    command: { argv: [...argv], notStarted: reason },
  };
  return { exitCode: missing ? 127 : 126, json };
}

/** The names after --require; all of the profile when it stands alone. */
function requiredNames(require: string | true): readonly string[] | "all" {
  return require === true ? "all" : require.split(",").map((name) => findCollector(name.trim()).name);
}

function missingOf(secured: SecuredCapture, required: readonly string[] | "all"): readonly string[] {
  const whole = secured.records.filter(({ status }) => status === "ok").map(({ name }) => name);
  // A core counts once its snapshot stands: what becomes of the target does not touch it any more.
  const complete = new Set([...whole, ...secured.late.names]);
  if (required !== "all") return required.filter((name) => !complete.has(name));
  return secured.records
    .filter(({ name, status, byChoice }) => !complete.has(name) && status !== "unsupported" && !byChoice)
    .map(({ name }) => name);
}
