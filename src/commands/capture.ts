// exhibit capture: capture now, run nothing. One process or several; each has its own bundle.
import pLimit from "p-limit";
import type { ReadableBundle } from "../capture/compare-with-earlier.ts";
import { openPausePermit } from "../capture/pause-permit.ts";
import type { CaptureRequest } from "../capture/request.ts";
import type { SecuredCapture } from "../capture/run.ts";
import { ExhibitError, messageOf } from "../errors.ts";
import { SEALING, setOwnPriority } from "../host/priority.ts";
import { notifyServiceManager } from "../host/service-manager.ts";
import type { FoundTarget } from "../target/found.ts";
import { ask } from "./ask.ts";
import { takeCapture } from "./capture-one.ts";
import { describeCapture } from "./capture-report.ts";
import { confirmMany, findAsked, readRequestOptions } from "./capture-request.ts";
import { deliver, exitCodeOfResult, resultOf, seal, unsealedResult } from "./capture-session.ts";
import { openDestination, recover, type Destination } from "./destination.ts";
import type { CaptureCommandOptions } from "./capture-options.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { showPlan } from "./dry-run.ts";
import { exitCodeOf, type Stopped } from "./keys.ts";
import { readSettings } from "./read-settings.ts";
import { findReadable } from "./readable-bundle.ts";
import type { CaptureResult, SavedCapture } from "./results/captures.ts";

const NEXT = "the next exhibit command seals what there is";

/** Several at once are captured side by side, but only one of them is stopped at a time. */
const SIDE_BY_SIDE = 4;

export async function run(context: CommandContext<CaptureCommandOptions>): Promise<CommandResult> {
  const { afterOf, ifArmed } = context.options;
  const options = ifArmed
    ? await optionsIfArmed(context)
    : afterOf === undefined
      ? context.options
      : { ...context.options, profile: context.options.profile ?? "quick" };
  if (options === undefined) {
    context.say("exhibit: not armed");
    return { exitCode: 0, json: { captures: [] } satisfies CaptureResult };
  }
  const loaded = await readSettings(context);
  const common = readRequestOptions(options, loaded);
  const earlier = afterOf === undefined ? undefined : await findReadable(afterOf, loaded);
  const destination = await openDestination(options, loaded);
  const targets = await findAsked(context.positionals[0], options);
  await confirmMany(targets, options, context.canAsk ? (question) => ask(context, question) : undefined);
  const onePause = pLimit(1);
  const pausePermit = options.dryRun ? undefined : openPausePermit(process.env);
  const requests = targets.map((found): CaptureRequest => ({
    ...common,
    target: found.target,
    held: found.held,
    careful: found.careful,
    ...(found.rights.reason === undefined ? {} : { missingRight: found.rights.reason }),
    ...(earlier === undefined ? { phase: "adhoc" } : { phase: "after", afterOf: earlier.manifest.captureId }),
    lockWaitMs: 0,
    pauseGate: (work) => onePause(work),
    ...(pausePermit === undefined ? {} : { pausePermit }),
  }));
  if (options.dryRun) return showPlan(requests, { destination, context });

  const sideBySide = pLimit(SIDE_BY_SIDE);
  const outcomes = await Promise.all(
    requests.map((request, index) =>
      sideBySide(() => captureOne(request, { destination, context, found: targets[index], earlier })),
    ),
  );
  // What this capture says is said whatever lies in the spool besides.
  await recover(loaded, destination, { patienceMs: 0 }).catch(() => undefined);
  const results = outcomes.flatMap(({ capture }) => (capture.saved ? [capture] : []));
  const stopped = outcomes.flatMap(({ stoppedBy }) =>
    stoppedBy === undefined || stoppedBy === "go-on" ? [] : [stoppedBy],
  )[0];
  const codes = outcomes.map(({ capture }) => (capture.saved ? exitCodeOfResult(capture) : 1));
  const json: CaptureResult = { captures: outcomes.map(({ capture }) => capture) };
  return {
    exitCode: stopped === undefined ? worst(codes) : exitCodeOf(stopped),
    text: results.map((result) => `${result.captureId}\n`).join(""),
    json,
  };
}

/** The options that arm has kept, with those given now before them; undefined when the unit is not armed. */
async function optionsIfArmed({
  options,
  positionals,
}: CommandContext<CaptureCommandOptions>): Promise<CaptureCommandOptions | undefined> {
  const { readArmedUnit } = await import("../agent/arm/armed-unit.ts");
  const { serviceName } = await import("../agent/arm/arm-unit.ts");
  const [unit] = positionals;
  const armed = unit === undefined ? undefined : await readArmedUnit(serviceName(unit));
  if (armed === undefined) return undefined;
  return {
    ...options,
    budget: options.budget ?? `${armed.budgetMs}ms`,
    profile: options.profile ?? armed.profile,
    reason: options.reason ?? armed.reason ?? "armed: it was stopped or restarted",
    incident: options.incident.length > 0 ? options.incident : armed.incidents,
  };
}

/** Several at once: 1 before 4 before 5 before 3. */
function worst(codes: readonly number[]): number {
  return [1, 4, 5, 3].find((code) => codes.includes(code)) ?? 0;
}

interface One {
  readonly capture: CaptureResult["captures"][number];
  readonly stoppedBy: Stopped | undefined;
}

async function captureOne(
  request: CaptureRequest,
  to: {
    readonly destination: Destination;
    readonly context: CommandContext<CaptureCommandOptions>;
    readonly found: FoundTarget | undefined;
    readonly earlier: ReadableBundle | undefined;
  },
): Promise<One> {
  const { destination, context } = to;
  const { securing, stoppedBy, isLate } = await takeCapture(
    request,
    context,
    context.options.noNote ? {} : { records: destination.records },
  );
  let secured: SecuredCapture;
  try {
    if (isLate) throw new ExhibitError("not all of it is safe on disk yet", { hint: NEXT });
    secured = await securing;
  } catch (error) {
    if (!(error instanceof ExhibitError)) throw error;
    context.warn(
      `exhibit: process ${request.target.pid}: ${messageOf(error)}${error.hint ? `; ${error.hint}` : ""}`,
    );
    return {
      capture: { saved: false, pid: request.target.pid, reason: messageOf(error) },
      stoppedBy,
    };
  }
  // The stop of the unit waits for no more than this. Any other service that captures is not ready by it.
  if (context.options.ifArmed) await notifyServiceManager("READY=1");
  setOwnPriority(SEALING);
  await secured.release();
  let result: SavedCapture;
  try {
    const { earlier } = to;
    const bundle = await seal(secured, destination, earlier === undefined ? {} : { earlier });
    result = resultOf(
      bundle,
      await deliver(bundle, destination, { ...context.options, early: secured.early }),
    );
  } catch (error) {
    context.warn(
      `exhibit: the evidence is in ${secured.paths.folder}, but could not be sealed: ${messageOf(error)}`,
    );
    context.warn("exhibit: the next exhibit command tries again");
    result = unsealedResult(secured, error);
  } finally {
    to.found?.held.close();
  }
  context.say(describeCapture(result, context));
  return { capture: result, stoppedBy };
}
