// What `run` and `add` share once their evidence is safe on disk: seal, upload, note, and what is said of it.
import type { SecuredBundle } from "../capture/run.ts";
import type { SealedBundle } from "../capture/sealed-bundle.ts";
import { delay } from "../host/clock.ts";
import { SEALING, setOwnPriority } from "../host/priority.ts";
import { describeCapture } from "./capture-report.ts";
import { deliver, resultOf, seal, unsealedResult } from "./capture-session.ts";
import type { CommandContext } from "./command.ts";
import type { Destination } from "./destination.ts";
import type { SavedCapture } from "./results/captures.ts";

/** How long we stay for the seal, the upload and the note; then they wait in the spool. */
const STAY_MS = 60_000;
/** Nobody at a terminal waits longer without being told for what. */
const TELL_AFTER_MS = 1500;

interface Keeping {
  readonly destination: Destination;
  readonly context: CommandContext<{ readonly noNote: boolean }>;
  /** What the bundle holds, in words. */
  readonly what: string;
}

/** Seals and sends it, and says so. A signal or too much time leaves the rest to the next command. Never rejects. */
export async function keepBundle(secured: SecuredBundle, keeping: Keeping): Promise<SavedCapture> {
  const { context, what } = keeping;
  setOwnPriority(SEALING);
  const leave = new AbortController();
  const undo = context.onSignal(() => leave.abort());
  const tell = setTimeout(
    () => context.say("exhibit: the bundle is being sealed and sent (Ctrl-C leaves that to exhibit push)"),
    TELL_AFTER_MS,
  );
  try {
    const result = await sealAndSend(secured, keeping, leave.signal);
    if (result.state !== "unsealed") context.say(describeCapture(result, context, what));
    else
      context.warn(
        `exhibit: the evidence is in ${result.path}, but was not sealed: ${result.problem}; the next exhibit command tries again`,
      );
    return result;
  } finally {
    clearTimeout(tell);
    undo();
    leave.abort();
  }
}

async function sealAndSend(
  secured: SecuredBundle,
  { destination, context }: Keeping,
  leave: AbortSignal,
): Promise<SavedCapture> {
  const late = delay(STAY_MS, leave).then(() => undefined);
  let bundle: SealedBundle | undefined;
  try {
    bundle = await Promise.race([seal(secured, destination), late]);
  } catch (error) {
    return unsealedResult(secured, error);
  }
  if (bundle === undefined) return unsealedResult(secured, "it takes long");
  const delivering = deliver(bundle, destination, { noNote: context.options.noNote, signal: leave });
  const delivered = await Promise.race([delivering, late]);
  return resultOf(bundle, delivered ?? { upload: { state: "waiting", reason: "it takes long" }, notes: [] });
}
