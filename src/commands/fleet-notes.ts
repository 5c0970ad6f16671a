// The note of a job, on each of its incidents: made from what is known now, posted one at a time.
import type { NotePlaces } from "../capture/post-notes.ts";
import type { HostRecord, Job } from "../fleet/job.ts";
import type { NoteResult } from "./results/captures.ts";
import type { z } from "zod";

export function openFleetNotes(
  _job: Job,
  _records: ReadonlyMap<string, HostRecord>,
  _places: NotePlaces | undefined,
) {
  return { touch: () => undefined, finish: async (): Promise<z.infer<typeof NoteResult>[]> => [] };
}
