// What became of a process whose inspector gives no answers any more, in a plain sentence.
import { delay } from "../host/clock.ts";
import type { HeldProcess } from "../host/process-files.ts";
import { readBasics } from "../target/basics.ts";
import { attempt } from "../target/executable.ts";

/** Its connections are closed before its end can be seen; a dump of its core lies in between. */
const SEEN_WITHIN_MS = 1000;
const LOOK_MS = 20;

/**
 * What tells one program of a process from the next (execve(2) leaves pid and start time as they are): the file, and the auxiliary
 * vector, whose addresses the kernel draws anew at each execve. Not the command line, which `process.title` overwrites.
 */
export type Program = string | undefined;

export function programOf(held: HeldProcess): Program {
  return attempt(() =>
    [held.linkSync("exe"), held.readSync("auxv")].map((bytes) => bytes.toString("latin1")).join("\0"),
  );
}

/** `afterMs`: for how long it had been looked at. `isEnding`: it ran no JavaScript any more. Never rejects. */
export async function describeLoss(
  held: HeldProcess,
  was: { readonly program: Program; readonly afterMs: number; readonly isEnding: boolean },
): Promise<string> {
  const when = `${(was.afterMs / 1000).toFixed(1)} s into the window`;
  const kept = "what was seen until then is kept, and is not the whole";
  for (const end = performance.now() + SEEN_WITHIN_MS; ; await delay(LOOK_MS)) {
    const basics = attempt(() => readBasics(held));
    if (basics === undefined || basics.isZombie) return `the process ended ${when}: ${kept}`;
    const program = programOf(held);
    if (program !== undefined && was.program !== undefined && program !== was.program)
      return `the process started another program in its place ${when}: ${kept}`;
    if (performance.now() <= end) continue;
    return was.isEnding
      ? `the process was ending ${when}, and had not ended ${SEEN_WITHIN_MS / 1000} s later: ${kept}`
      : `somebody closed its inspector ${when}: ${kept}`;
  }
}
