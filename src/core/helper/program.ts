// The helper: a process of its own that traces the target, so that nothing that is done to the agent falls into the moment
// in which the target stands. It may be killed at any time: the kernel then lets the target go (ptrace(2)), a copy dies with
// it, and what a thread had begun it ends by itself (chain.ts).
import { closeSync, existsSync, writeFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { ExhibitError, messageOf } from "../../errors.ts";
import { BEHIND, setOwnPriority } from "../../host/priority.ts";
import { openSystem } from "../ptrace/system.ts";
import { Aborted } from "./aborted.ts";
import type { HelperEvent } from "./messages.ts";
import type { HelperRequest, Talk } from "./request.ts";
import { takeSnapshot } from "./snapshot.ts";
import { takeStopped } from "./stop.ts";

const EVENTS = 3;

function tell(event: HelperEvent): void {
  const line = Buffer.from(`${JSON.stringify(event)}\n`);
  for (let at = 0; at < line.length;) at += writeSync(EVENTS, line, at);
}

function openTalk(): Talk {
  const ended = new AbortController();
  const lines = createInterface({ input: process.stdin });
  const wanted = new Promise<void>((resolve, reject) => {
    lines.on("line", (line) => (line === "go" ? resolve() : ended.abort("it was told to end")));
    ended.signal.addEventListener("abort", () => reject(new ExhibitError(String(ended.signal.reason))), {
      once: true,
    });
  });
  wanted.catch(() => undefined);
  // Whoever started us is gone: nobody would ever look at the core.
  lines.on("close", () => ended.abort("whoever wanted the core is gone"));
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
    process.on(signal, () => ended.abort(`it was ended by ${signal}`));
  return {
    tell: (event) => {
      tell(event);
      // From now on the target runs: we stand behind it.
      if (event.event === "standing") setOwnPriority(BEHIND);
    },
    go: () => wanted,
    ended: ended.signal,
  };
}

/** The kernel must not choose us when memory is short; the copy tells it to be chosen first. */
function protect(): void {
  try {
    if (existsSync("/proc/self/oom_score_adj")) writeFileSync("/proc/self/oom_score_adj", "-1000");
  } catch {
    // Not permitted: we are as likely as anybody.
  }
}

async function main(argument: string | undefined): Promise<number> {
  const request: HelperRequest = JSON.parse(argument ?? "{}");
  protect();
  const talk = openTalk();
  let stood = false;
  try {
    const system = await openSystem();
    await (request.method === "stop" ? takeStopped : takeSnapshot)(system, request, {
      ...talk,
      tell: (event) => {
        stood ||= event.event === "standing";
        talk.tell(event);
      },
    });
    return 0;
  } catch (error) {
    const pausedMs = error instanceof Aborted ? error.pausedMs : 0;
    const hint = error instanceof ExhibitError && error.hint !== undefined ? { hint: error.hint } : {};
    if (stood) tell({ event: "failed", reason: messageOf(error), ...(pausedMs > 0 ? { pausedMs } : {}) });
    else tell({ event: "refused", reason: messageOf(error), ...hint, pausedMs });
    return error instanceof ExhibitError ? 3 : 1;
  }
}

// Whatever still waits (a pipe, the terminal of a thread that never stopped) ends with us.
void main(process.argv[2]).then((code) => {
  closeSync(EVENTS);
  process.exit(code);
});
