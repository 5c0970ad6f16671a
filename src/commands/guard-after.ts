// guard --after TIME: the cheap part once more, that long after COMMAND, and what is different by then. It changes nothing
// of what guard returns.
import type { CaptureRequest } from "../capture/request.ts";
import { messageOf, TargetError } from "../errors.ts";
import { delay } from "../host/clock.ts";
import { printable } from "../printable.ts";
import { comparisonText, verdictWord } from "../readings/comparison-text.ts";
import type { Verdict } from "../readings/compare.ts";
import type { LoadedSettings } from "../settings-files.ts";
import type { FoundTarget } from "../target/found.ts";
import type { GuardOptions } from "./capture-options.ts";
import { takeCapture } from "./capture-one.ts";
import { describeCapture } from "./capture-report.ts";
import { findAsked, readRequestOptions } from "./capture-request.ts";
import { deliver, resultOf, seal } from "./capture-session.ts";
import type { CommandContext } from "./command.ts";
import type { Destination } from "./destination.ts";
import { formatDuration } from "../incident/wording.ts";
import type { GuardResult } from "./results/captures.ts";

/** Only what does not stop the target, and not for long: it has just been mended. */
const CHEAP = { profile: "quick", core: "none", maxPause: "0", budget: "15s", only: undefined } as const;

/** How to look again, once COMMAND has ended. */
export interface After {
  readonly afterMs: number;
  readonly loaded: LoadedSettings;
  readonly request: CaptureRequest;
}

type Told = NonNullable<GuardResult["after"]>;

interface Looking extends After {
  readonly context: CommandContext<GuardOptions>;
  readonly destination: Destination;
  /** The bundle from before COMMAND. */
  readonly captureId: string;
}

/** Waits, looks, seals, sends, and says what is different. Never rejects. */
export async function lookAgain(looking: Looking): Promise<Told> {
  const { context, afterMs } = looking;
  const stop = new AbortController();
  const undo = context.onSignal(() => stop.abort());
  context.say(`exhibit: looking again in ${formatDuration(afterMs)} (Ctrl-C: leave it)`);
  await delay(afterMs, stop.signal);
  undo();
  const told = stop.signal.aborted
    ? withoutLook("unknown", "you did not wait for it")
    : await look(looking).catch((error: unknown) => withoutLook(verdictOfError(error), messageOf(error)));
  context.warn(`exhibit: ${printable(told.text, 600)}`);
  return told;
}

async function look({ context, loaded, request, destination, captureId }: Looking): Promise<Told> {
  const { options } = context;
  const found = await findAgain(context, request);
  const again: CaptureRequest = {
    ...readRequestOptions({ ...options, ...CHEAP }, loaded),
    target: found.target,
    held: found.held,
    careful: found.careful,
    ...(found.rights.reason === undefined ? {} : { missingRight: found.rights.reason }),
    ...(request.mitigation === undefined ? {} : { mitigation: request.mitigation }),
    phase: "after",
    afterOf: captureId,
    lockWaitMs: 0,
    agoMs: 0,
  };
  try {
    const { securing } = await takeCapture(
      again,
      context,
      options.noNote ? {} : { records: destination.records },
    );
    const secured = await securing;
    await secured.release();
    const bundle = await seal(secured, destination);
    const result = resultOf(
      bundle,
      await deliver(bundle, destination, { noNote: options.noNote, early: secured.early }),
    );
    // What is different is the last word.
    const { comparison, ...shown } = result;
    context.say(describeCapture(shown, context));
    if (comparison === undefined)
      return {
        ...withoutLook("unknown", "the bundle from before is not in the spool any more"),
        capture: result,
      };
    return { verdict: comparison.verdict, text: comparisonText(comparison), capture: result };
  } finally {
    found.held.close();
  }
}

function withoutLook(verdict: Verdict, reason: string): Told {
  return { verdict, text: `${verdictWord(verdict)}: ${reason}`, capture: { saved: false, reason } };
}

/** A service that was to run and does not is no cure. */
function verdictOfError(error: unknown): Verdict {
  return error instanceof TargetError && !(error instanceof ReplacedError) ? "worse" : "unknown";
}

class ReplacedError extends TargetError {}

/** The process that does the work of the one before: by what was asked for, else by the unit it belonged to. */
async function findAgain(
  { positionals, options }: CommandContext<GuardOptions>,
  { target }: CaptureRequest,
): Promise<FoundTarget> {
  const byName = positionals.length > 0 || options.match !== undefined;
  const unit = byName ? positionals[0] : target.service;
  const asked =
    byName || unit !== undefined ? { pid: byName ? options.pid : [], match: options.match } : options;
  const [first, ...others] = await findAsked(unit, asked).catch((error: unknown) => {
    if (unit !== undefined || byName) throw error;
    throw new ReplacedError(`process ${target.pid} has ended, and nothing says what took its place`, {
      hint: "exhibit capture TARGET --after-of ID",
    });
  });
  if (first === undefined) throw new TargetError("no process was found");
  if (others.length > 0) {
    for (const { held } of [first, ...others]) held.close();
    throw new ReplacedError(`${others.length + 1} processes match by now`);
  }
  return first;
}
