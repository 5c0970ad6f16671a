// The way of a collector into a Node process: what came of it in the words that a collector understands, and how it is left.
import type { InspectAnswer } from "../collectors/inspection.ts";
import { UnsupportedError } from "../errors.ts";
import { untilAborted } from "../host/clock.ts";
import { InsideError } from "../inspector/hold.ts";
import { inspect } from "../inspector/inspect.ts";
import { SilentError } from "../inspector/open.ts";
import type { ContextRequest } from "./context.ts";

type Request = Pick<ContextRequest, "held" | "marks" | "signal" | "trace" | "clock" | "windowMs" | "target">;

/** Opens the inspector of the target within the collector's time, and remembers how it is left. */
export async function lookInside(request: Request, isClosedBetween: boolean): Promise<InspectAnswer> {
  const { held, marks, signal, trace, clock, windowMs } = request;
  const began = clock.elapsedMs();
  const { startTime } = request.target;
  try {
    const opening = inspect({
      held,
      startTime,
      marks,
      signal,
      limitMs: windowMs,
      now: clock.now,
      awayMs: isClosedBetween ? windowMs : undefined,
    });
    const inspected = await Promise.race([opening, untilAborted(signal).then(() => undefined)]);
    if (inspected === undefined) {
      // The budget is a promise. Whatever opens now is left at once, and a mark tells the next capture of it.
      opening.then(({ leave }) => leave()).catch(() => undefined);
      return { refused: "its time was up while its inspector was being opened" };
    }
    trace.leave = inspected.leave;
    return { inspection: inspected.inspection };
  } catch (error) {
    if (error instanceof UnsupportedError) return { refused: error.message };
    if (error instanceof InsideError) trace.leave = async () => error.record;
    if (error instanceof SilentError) return { silentMs: Math.round(clock.elapsedMs() - began) };
    throw error;
  }
}
