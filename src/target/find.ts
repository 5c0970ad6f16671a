// From what the operator typed to the processes that are meant. Whatever cannot be found is said with what to type
// instead; nothing is guessed.
import { UsageError } from "../errors.ts";
import { findContainer } from "./find-container.ts";
import { findMatching } from "./find-match.ts";
import { findSmf, isFmri } from "./find-smf.ts";
import { findUnit } from "./find-unit.ts";
import { hold, type FoundTarget, type TargetHost } from "./found.ts";

export type { CommandResult, FoundTarget, TargetHost } from "./found.ts";

export interface TargetRequest {
  /** A systemd unit, with or without `.service`, or an SMF FMRI. */
  readonly unit?: string;
  readonly pids?: readonly number[];
  /** A regular expression over the command line. */
  readonly match?: string;
  /** A container id or its unique beginning, without `container:`. */
  readonly container?: string;
}

/**
 * All processes that are asked for, each once, each held until the caller closes it. Throws a UsageError for what cannot
 * be understood and a TargetError for what is not there; then nothing is held.
 */
export async function findTargets(request: TargetRequest, host: TargetHost): Promise<readonly FoundTarget[]> {
  const found: FoundTarget[] = [];
  const keep = (target: FoundTarget) => {
    if (found.some(({ held }) => held.pid === target.held.pid)) target.held.close();
    else found.push(target);
  };
  try {
    if (request.unit !== undefined)
      keep(await (isFmri(request.unit) ? findSmf : findUnit)(request.unit, host));
    if (request.container !== undefined) keep(findContainer(request.container));
    for (const pid of request.pids ?? []) keep(findPid(pid));
    if (request.match !== undefined) for (const target of findMatching(request.match)) keep(target);
  } catch (error) {
    for (const target of found) target.held.close();
    throw error;
  }
  if (found.length === 0)
    throw new UsageError("no target: name a unit, container:ID, --pid PID or --match REGEX", {
      hint: "for example: exhibit capture muskie@7",
    });
  return found;
}

function findPid(pid: number): FoundTarget {
  // pid_max is at most 2^22 on Linux and 999999 on illumos.
  if (!Number.isSafeInteger(pid) || pid < 1 || pid > 2 ** 31)
    throw new UsageError(`not a process id: ${pid}`, { hint: "--pid takes a positive number" });
  return hold({ kind: "pid", asked: String(pid), pid });
}
