// Two short visits in place of one long one: the observers are put in, the inspector is closed while they look on, and it is
// opened again for what they saw. What must stay true: no visit but the first puts anything in, and when the second does not
// come the observers take themselves out.
import type { InsideRecord } from "../bundle/manifest.ts";
import type { Inspection } from "../collectors/inspection.ts";
import { LostError, messageOf } from "../errors.ts";
import type { Held, Inspected } from "./hold.ts";

/** To come back on a host that has no CPU to spare. */
const BACK_WITHIN_MS = 10_000;

export function peek(
  first: Held,
  how: {
    readonly awayMs: number;
    readonly again: () => Promise<Held>;
    readonly signal: AbortSignal;
    readonly hasEnded: () => boolean;
  },
): Inspected {
  let now = first;
  /** While nobody of us is there: what is known of the first visit. */
  let gone: InsideRecord | undefined;
  let closedBetween: InsideRecord["closedBetween"];

  const comeBack = async () => {
    if (gone === undefined) return;
    try {
      now = await how.again();
      gone = undefined;
    } catch (error) {
      throw new LostError(
        `what was seen inside is lost, its inspector could not be opened again: ${messageOf(error)}`,
        { cause: error },
      );
    }
    const { from } = closedBetween ?? {};
    if (from !== undefined) closedBetween = { from, until: now.openedAt };
  };
  const goAway = async () => {
    gone = await now.goAway(how.awayMs + BACK_WITHIN_MS);
    if (gone?.closedAt !== undefined) closedBetween = { from: gone.closedAt };
  };
  const leave = async (): Promise<InsideRecord> => {
    // When the time is up nobody waits for us.
    if (!how.signal.aborted) await comeBack().catch(() => undefined);
    const record = gone === undefined ? await now.leave() : { ...gone, removed: how.hasEnded() };
    return {
      ...record,
      openedAt: first.openedAt,
      ...(closedBetween?.until === undefined ? {} : { closedBetween }),
    };
  };
  let left: Promise<InsideRecord> | undefined;
  const inspection: Inspection = {
    ...first.inspection,
    away: { leave: goAway, comeBack },
    drain: () => now.inspection.drain(),
    stack: () => now.inspection.stack(),
    stop: () => now.inspection.stop(),
  };
  return { inspection, leave: () => (left ??= leave()) };
}
