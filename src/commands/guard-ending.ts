// How a guard ends that saved something: COMMAND runs and beside it the bundle is sealed and sent; or COMMAND does not run.
// COMMAND's exit status is ours, whatever becomes of the bundle.
import { dirname } from "node:path";
import { writeOutcome, type SealedBundle } from "../capture/sealed-bundle.ts";
import type { SecuredCapture } from "../capture/run.ts";
import { messageOf } from "../errors.ts";
import { delay } from "../host/clock.ts";
import { SEALING, setOwnPriority } from "../host/priority.ts";
import { checkIdentity } from "../target/identity.ts";
import type { FoundTarget } from "../target/found.ts";
import { describeCapture } from "./capture-report.ts";
import { completed, deliver, resultOf, seal, unsealedResult, type Delivered } from "./capture-session.ts";
import type { Destination } from "./destination.ts";
import { lookAgain, type After } from "./guard-after.ts";
import type { CommandResult } from "./command.ts";
import { lateLines } from "./late-lines.ts";
import { valueNow, wholeOrAborted } from "./pending.ts";
import { tellNothingSaved, type Mitigating } from "./guard-without-evidence.ts";
import { howItEnded, startCommand } from "./mitigation.ts";
import type { GuardResult, SavedCapture } from "./results/captures.ts";

/** How long we stay after COMMAND has ended, for the upload and the note; then they wait in the spool. */
const AFTERWARDS_MS = 60_000;
/** Nobody at a terminal waits longer without being told for what. */
const TELL_AFTER_MS = 1500;
const STILL_AT_IT =
  "exhibit: COMMAND has ended; the bundle is being sealed and sent (Ctrl-C leaves that to exhibit push)";
export interface Guarded extends Mitigating {
  readonly found: FoundTarget;
  /** Settled, unless the budget was over before. */
  readonly securing: Promise<SecuredCapture>;
  readonly destination: Destination;
  /** Whether and how it is looked at again. */
  readonly after?: After;
}

/** Seals and sends what there is; COMMAND does not run. What is late is not waited for. */
export async function notRun(
  guarded: Guarded,
  why: { readonly exitCode: number; readonly reason: string; readonly isLate: boolean },
): Promise<CommandResult> {
  const { context, argv } = guarded;
  const { exitCode, reason } = why;
  context.warn(`exhibit: COMMAND was not run: ${reason}`);
  const command = { argv: [...argv], notStarted: reason };
  const capture = why.isLate ? await leaveBehind(guarded) : await sealUnused(guarded, reason);
  guarded.found.held.close();
  return { exitCode, json: { capture, command } satisfies GuardResult };
}

async function sealUnused(guarded: Guarded, reason: string): Promise<GuardResult["capture"]> {
  const { context, securing, destination } = guarded;
  let secured: SecuredCapture | undefined;
  try {
    secured = await securing;
    await secured.release();
    const bundle = await seal(secured, destination);
    await writeOutcome(bundle, { notStarted: reason });
    const { early } = secured;
    const result = resultOf(bundle, await deliver(bundle, destination, { ...context.options, early }));
    context.warn(describeCapture(result, context));
    return result;
  } catch (error) {
    return unsealed(guarded, secured, error);
  }
}

/** Evidence that could not be sealed, or could not even be taken: said, and where it is. */
function unsealed(
  { context }: Guarded,
  secured: SecuredCapture | undefined,
  error: unknown,
): GuardResult["capture"] {
  if (secured === undefined) {
    tellNothingSaved(error, context);
    return { saved: false, reason: messageOf(error) };
  }
  context.warn(
    `exhibit: the evidence is in ${secured.paths.folder}, but was not sealed: ${messageOf(error)}; the next exhibit command tries again`,
  );
  return unsealedResult(secured, error);
}

/** Something on this host does not answer: whatever of the evidence reached the disk is sealed later. */
async function leaveBehind({ context, securing }: Guarded): Promise<GuardResult["capture"]> {
  const secured = await valueNow(securing.catch(() => undefined));
  const reason = "not all of it is safe on disk yet";
  context.warn(
    `exhibit: ${reason}; the next exhibit command seals what there is; send it with: exhibit push`,
  );
  return secured === undefined ? { saved: false, reason } : unsealedResult(secured, reason);
}

/** COMMAND runs; beside it the bundle is sealed and sent, and afterwards the note is completed. */
export async function mitigate(guarded: Guarded, leftMs: number): Promise<CommandResult> {
  const { context, argv, found, securing, destination } = guarded;
  let startedAt: string | undefined;
  let hasEnded = false;
  const sendSealed = () => {
    const sealing = securing.then(async (secured) => {
      await secured.release();
      return seal(secured, destination);
    });
    const delivering = sealing.then(async (bundle) =>
      deliver(bundle, destination, {
        ...context.options,
        early: (await securing).early,
        ...(startedAt !== undefined && !hasEnded ? { running: { startedAt } } : {}),
      }),
    );
    // Their failures are told when COMMAND has ended.
    for (const work of [sealing, delivering]) work.catch(() => undefined);
    return { sealing, delivering };
  };
  const { wait } = context.options;
  let sending = wait === undefined || wait === "secured" ? undefined : sendSealed();
  if (sending)
    await Promise.race([wait === "sealed" ? sending.sealing : sending.delivering, delay(leftMs)]).catch(
      () => undefined,
    );

  const command = startCommand(argv, context);
  startedAt = command.startedAt;
  // Only now: COMMAND inherits our priority, and an ordinary user cannot take a lower one back.
  setOwnPriority(SEALING);
  sending ??= sendSealed();
  const ended = await command.ended;
  hasEnded = true;
  const told: GuardResult["command"] = {
    argv: [...argv],
    startedAt,
    ...howItEnded(ended),
    targetGone: await isGoneSoon(found),
  };
  // A capture that was late when COMMAND began may still read there: closed beneath it, it would lose what it has.
  void securing.catch(() => undefined).then(() => found.held.close());

  const { sealing, delivering } = sending;
  const finish = (async () => {
    const bundle = await sealing;
    const { argv: _argv, ...outcome } = told;
    await writeOutcome(bundle, outcome);
    const first = await delivering;
    return resultOf(bundle, completed(first, await deliver(bundle, destination, context.options)));
  })();
  const capture = await finishInTime(finish, guarded, sending);
  const { after } = guarded;
  const { captureId } = (await valueNow(securing.catch(() => undefined)))?.paths ?? {};
  const looked =
    after === undefined || captureId === undefined
      ? {}
      : { after: await lookAgain({ ...after, context, destination, captureId }) };
  const json: GuardResult = { capture, command: told, ...looked };
  return { exitCode: ended.exitCode, json };
}

/** Whether the captured process has ended; one that was just killed gets a moment to go. */
async function isGoneSoon({ held, identity }: FoundTarget): Promise<boolean> {
  for (let look = 0; look < 10; look++) {
    if (!checkIdentity(held, identity).same) return true;
    await delay(50);
  }
  return false;
}

/** Waits for the rest, but not for ever: what is not sent by then is sent by `exhibit push`. */
async function finishInTime(
  finish: Promise<SavedCapture>,
  guarded: Guarded,
  {
    sealing,
    delivering,
  }: { readonly sealing: Promise<SealedBundle>; readonly delivering: Promise<Delivered> },
): Promise<GuardResult["capture"]> {
  const { context, securing } = guarded;
  const interrupted = new AbortController();
  const undo = context.onSignal(() => interrupted.abort());
  // A core that is still being written is waited for as long as it takes: nobody else can finish it.
  const late = wholeOrAborted(securing, interrupted.signal)
    .then(() => delay(AFTERWARDS_MS, interrupted.signal))
    .then(() => "late" as const);
  const told = setTimeout(() => context.say(STILL_AT_IT), TELL_AFTER_MS);
  void tellLate(guarded);
  try {
    const first = await Promise.race([finish, late]);
    if (first !== "late") {
      context.say(describeCapture(first, context));
      return first;
    }
    const bundle = await valueNow(sealing);
    if (bundle === undefined) return await leaveBehind(guarded);
    context.warn(
      `exhibit: the upload or the note still waits; the bundle is safe in ${dirname(bundle.path)}; send it with: exhibit push`,
    );
    const delivered = await valueNow(delivering);
    return resultOf(bundle, delivered ?? { upload: { state: "waiting", reason: "takes long" }, notes: [] });
  } catch (error) {
    return unsealed(guarded, await valueNow(securing.catch(() => undefined)), error);
  } finally {
    clearTimeout(told);
    undo();
  }
}

/** Says when what stood at COMMAND's start is whole, or why it never will be. */
async function tellLate({ securing, context }: Guarded): Promise<void> {
  const late = await securing.then(
    (secured) => secured.late,
    () => undefined,
  );
  if (late === undefined || late.names.length === 0) return;
  const { records } = await late.finished();
  for (const line of lateLines(records, late.names)) context.say(line);
}
