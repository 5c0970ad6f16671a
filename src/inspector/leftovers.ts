// Inspectors that an earlier run of ours opened and, killed at the wrong moment, did not close.
import { isAlive, readBootId } from "../host/process-identity.ts";
import { closeLeft } from "./close-left.ts";
import { openRelay } from "./connection.ts";
import { markPath, readMarks, removeMark, type Mark } from "./marks.ts";

type Identity = Pick<Mark, "pid" | "startTime">;

/** The port that a run which is over had asked this process to open; undefined when there was none. */
export async function leftOpen(marks: string, { pid, startTime }: Identity): Promise<number | undefined> {
  const found = (await readMarks(marks)).find((mark) => mark.pid === pid && mark.startTime === startTime);
  return found !== undefined && isOver(found) ? found.port : undefined;
}

const isOver = ({ agent }: Mark) => !isAlive(agent.pid, agent.startTime);

/**
 * Closes what earlier runs left open on this host, in other processes than `except`, and forgets what is closed or gone.
 * Never rejects.
 */
export async function closeLeftovers(
  marks: string,
  how: { readonly signal: AbortSignal; readonly except: Identity },
): Promise<void> {
  for (const mark of await readMarks(marks)) {
    if (!isOver(mark) || (mark.pid === how.except.pid && mark.startTime === how.except.startTime)) continue;
    const way = (enter: number | undefined) => openRelay({ enter, mark: markPath(marks, mark) });
    if (mark.bootId !== readBootId() || (await closeLeft(mark, { ...how, way })) === "closed")
      await removeMark(marks, mark);
  }
}
