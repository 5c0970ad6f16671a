// Tools of a runtime answer its own user only, so they run as that one.
import { parseProcStatus } from "../../parsers/proc-status.ts";
import type { CollectorContext } from "../collector.ts";

/** The words before a command that make it run as the target's user (setpriv(1)); none when it is ours. */
export async function runAs({
  process,
}: Pick<CollectorContext<unknown>, "process">): Promise<readonly string[]> {
  const { uid, gid } = parseProcStatus((await process.read("status")).toString("latin1"));
  if (uid === undefined || gid === undefined || uid === globalThis.process.getuid?.()) return [];
  return ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--"];
}

/** Whether it can answer at all: a stopped process would let its tools wait. */
export async function isStopped({ process }: Pick<CollectorContext<unknown>, "process">): Promise<boolean> {
  const { state } = parseProcStatus((await process.read("status")).toString("latin1"));
  return state === "T" || state === "t";
}
