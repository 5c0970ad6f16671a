// Whether a file system answers at all. A dead NFS server answers nothing, and whoever asks it waits: a thread of ours
// that waits there could not even let us exit. So a child asks first, and only the child is left behind.
import { ExhibitError } from "../errors.ts";
import { openDeadline } from "./deadline.ts";
import { run } from "./run.ts";

/** Throws ExhibitError when the file system of a path has not answered after `limitMs`. Costs one short process. */
export async function assertAnswers(path: string, limitMs: number): Promise<void> {
  const deadline = openDeadline(limitMs);
  // -f asks the file system itself; a path that is not there yet is an answer too. As a tracer it is ended at once.
  const outcome = await run({ argv: ["stat", "-f", "--", path], signal: deadline.signal, tracer: true });
  deadline.close();
  if (outcome.endedBy !== "deadline") return;
  throw new ExhibitError(`${path}: its file system does not answer`, {
    hint: "name another folder: spool.path in the settings, EXHIBIT_SPOOL_PATH",
  });
}
