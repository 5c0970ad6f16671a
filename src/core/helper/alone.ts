// When whoever wanted the core ends before it is whole: what was told is in a file from which the next command makes what is
// to be said of the core (late-core.ts), and we look ourselves at what others would have looked at for us.
import { appendFileSync, statSync, writeFileSync } from "node:fs";
import type { HelperEvent } from "./messages.ts";
import type { AloneRequest } from "./request.ts";

const LOOK_MS = 500;
/** A core of 64 GB takes some minutes; what takes longer than this waits for a disk that does not answer. */
const LONGEST_MS = 30 * 60_000;

/** Keeps events, one a line below `about`; nothing of a core that never stood. Never throws. */
export function keepTold({ told, about }: AloneRequest): (event: HelperEvent) => void {
  let before: unknown[] | undefined = [about];
  return (event) => {
    try {
      if (before === undefined) return appendFileSync(told, `${JSON.stringify(event)}\n`);
      before.push(event);
      if (event.event !== "standing") return;
      const lines = before.map((line) => `${JSON.stringify(line)}\n`).join("");
      before = undefined;
      writeFileSync(told, lines, { flag: "ax", mode: 0o600 });
    } catch {
      // The disk is full: the next command calls the core partial, as it always did.
    }
  };
}

/** Calls `end` with the reason when the core takes more of the disk, or of time, than it may. */
export function watchAlone({ stored, roomBytes }: AloneRequest, end: (reason: string) => void): void {
  setTimeout(() => end("it took too long after whoever wanted it was gone"), LONGEST_MS).unref();
  setInterval(() => {
    const size = statSync(stored, { throwIfNoEntry: false });
    if (size !== undefined && size.blocks * 512 > roomBytes) end("no space left for it beside the reserve");
  }, LOOK_MS).unref();
}
