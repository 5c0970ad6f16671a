// Asks the incident records of a capture, beside it, whether they are there and may be written: so that a wrong reference
// or an expired token is known while somebody is still looking, and never later than the note itself. What must stay
// true: nothing waits for it, and it begins only when the first look at the process is over.
import { ExhibitError, messageOf } from "../errors.ts";
import { delay } from "../host/clock.ts";
import { openDeadline } from "../host/deadline.ts";
import type { NotePlaces } from "./post-notes.ts";

/** The first look takes less at p95, whatever the load. */
const BEGIN_AFTER_MS = 300;
const GIVE_UP_MS = 15_000;

export interface RecordFault {
  readonly incident: string;
  /** One sentence, and what to do. */
  readonly problem: string;
}

async function check(incident: string, places: NotePlaces, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { openRecord } = await import("../incident/open-record.ts");
    return await openRecord(places.settings, incident, places.folder).preflight?.(signal);
  } catch (error) {
    // On the way out nobody is told.
    if (signal.aborted) return undefined;
    const hint = error instanceof ExhibitError && error.hint !== undefined ? `; ${error.hint}` : "";
    return `the note will wait: ${messageOf(error)}${hint}`;
  }
}

/** Calls `tell` with each record that has something to say, as soon as it is known. The result ends it early. */
export function checkRecords(
  incidents: readonly string[],
  places: NotePlaces,
  tell: (fault: RecordFault) => void,
): () => void {
  const deadline = openDeadline(GIVE_UP_MS);
  const checking = delay(BEGIN_AFTER_MS, deadline.signal).then(() =>
    Promise.all(
      incidents.map(async (incident) => {
        const problem = deadline.signal.aborted ? undefined : await check(incident, places, deadline.signal);
        if (problem !== undefined) tell({ incident, problem });
      }),
    ),
  );
  void checking.catch(() => undefined).finally(deadline.close);
  return deadline.close;
}
