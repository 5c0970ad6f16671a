// The note of a job on each of its incident records. Where a note can be written anew it is kept up while hosts finish;
// elsewhere it is posted once, at the end. What must stay true: one note a job and record; a record that does not answer
// holds up no host, and at the end nobody waits long for it.
import { hostname } from "node:os";
import type { Noted, NotePlaces } from "../capture/post-notes.ts";
import { ExhibitError, messageOf } from "../errors.ts";
import { delay } from "../host/clock.ts";
import { openDeadline } from "../host/deadline.ts";
import { openRecord } from "../incident/open-record.ts";
import type { HostRecord, Job } from "./job.ts";
import { noteOfJob } from "./job-note.ts";

/** Between two versions of a note: people read it, and records count requests. */
const BETWEEN_MS = 5000;
const LAST_MS = 10_000;

export interface JobNotes {
  /** Something has changed. */
  readonly touch: () => void;
  /** The last word, on all of them. Never rejects. */
  readonly finish: () => Promise<readonly Noted[]>;
}

/** `places` is undefined when no note is wanted. */
export function openJobNotes(
  job: Job,
  records: ReadonlyMap<string, HostRecord>,
  places: NotePlaces | undefined,
): JobNotes {
  const noteNow = (isOver: boolean) =>
    noteOfJob(job, records, { isOver, now: new Date().toISOString(), host: hostname() });
  const keepers =
    places === undefined ? [] : job.incidents.map((incident) => keeperOf(incident, places, noteNow));
  return {
    touch: () => {
      for (const keeper of keepers) keeper.touch();
    },
    finish: () => Promise.all(keepers.map((keeper) => keeper.finish())),
  };
}

function keeperOf(
  incident: string,
  places: NotePlaces,
  noteNow: (isOver: boolean) => ReturnType<typeof noteOfJob>,
) {
  const ending = new AbortController();
  let isDue = false;
  let working: Promise<void> | undefined;
  let wasPosted = false;

  const post = async (isOver: boolean, signal: AbortSignal): Promise<Noted> => {
    try {
      const record = openRecord(places.settings, incident, places.folder);
      // While it runs only what can be written anew is written.
      if (!isOver && !record.edits) return { incident, state: "waiting" };
      const { state, where } = await record.post(noteNow(isOver), incident, {
        signal,
        ...(record.edits ? { supersede: true } : {}),
      });
      // For who reads the end it is the one note that this job has posted.
      const told = state === "updated" && wasPosted ? "posted" : state;
      wasPosted ||= state === "posted";
      return { incident, state: told, where };
    } catch (error) {
      const hint = error instanceof ExhibitError && error.hint !== undefined ? `; ${error.hint}` : "";
      return { incident, state: "failed", reason: `${messageOf(error)}${hint}` };
    }
  };
  const work = async () => {
    while (isDue && !ending.signal.aborted) {
      isDue = false;
      await post(false, ending.signal);
      await delay(BETWEEN_MS, ending.signal);
    }
    working = undefined;
  };
  return {
    touch: () => {
      isDue = true;
      working ??= work();
    },
    finish: async (): Promise<Noted> => {
      ending.abort();
      const deadline = openDeadline(LAST_MS);
      await Promise.race([working, delay(LAST_MS, deadline.signal)]);
      const noted = await post(true, deadline.signal);
      deadline.close();
      return noted;
    },
  };
}
