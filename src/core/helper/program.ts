// The helper: a process of its own that traces the target, so that nothing that is done to the agent falls into the moment
// in which the target stands. It may be killed at any time: the kernel then lets the target go (ptrace(2)), a copy dies with
// it, and what a thread had begun it ends by itself (chain.ts). Once a copy stands in a control group of ours, the core no
// longer needs whoever wanted it.
import { closeSync, existsSync, writeFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { errnoOf, ExhibitError, messageOf } from "../../errors.ts";
import { BEHIND, setOwnPriority } from "../../host/priority.ts";
import { openSystem } from "../ptrace/system.ts";
import { Aborted } from "./aborted.ts";
import { keepTold, watchAlone } from "./alone.ts";
import type { HelperEvent } from "./messages.ts";
import type { HelperRequest, Talk } from "./request.ts";
import { takeSnapshot } from "./snapshot.ts";
import { takeStopped } from "./stop.ts";
import { toldBySystem } from "./told-by-system.ts";

const EVENTS = 3;

function tell(event: HelperEvent): void {
  const line = Buffer.from(`${JSON.stringify(event)}\n`);
  try {
    for (let at = 0; at < line.length;) at += writeSync(EVENTS, line, at);
  } catch (error) {
    if (errnoOf(error) !== "EPIPE") throw error;
  }
}

function openTalk({ alone }: HelperRequest): Talk {
  const ended = new AbortController();
  const keep = alone === undefined ? undefined : keepTold(alone);
  let mayBeAlone = false;
  const lines = createInterface({ input: process.stdin });
  const wanted = new Promise<readonly number[]>((resolve, reject) => {
    lines.on("line", (line) => {
      const [word, ...pids] = line.split(" ");
      if (word === "go") resolve(pids.map(Number));
      else ended.abort("it was told to end");
    });
    ended.signal.addEventListener("abort", () => reject(new ExhibitError(String(ended.signal.reason))), {
      once: true,
    });
  });
  wanted.catch(() => undefined);
  lines.on("close", () => {
    // Where we end with them nobody would ever look at the core.
    if (alone === undefined || !mayBeAlone) ended.abort("whoever wanted the core is gone");
    else watchAlone(alone, (reason) => ended.abort(reason));
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
    process.on(signal, () => ended.abort(`it was ended by ${signal}`));
  return {
    tell: (event) => {
      tell(event);
      keep?.(event);
      if (event.event !== "standing") return;
      mayBeAlone = event.survivesCaller ?? false;
      // From now on the target runs: we stand behind it.
      setOwnPriority(BEHIND);
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
  const talk = openTalk(request);
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
    const told = toldBySystem(messageOf(error), request.pid);
    const hint = error instanceof ExhibitError ? error.hint : told.hint;
    if (stood) talk.tell({ event: "failed", reason: told.reason, ...(pausedMs > 0 ? { pausedMs } : {}) });
    else
      talk.tell({ event: "refused", reason: told.reason, ...(hint === undefined ? {} : { hint }), pausedMs });
    return error instanceof ExhibitError ? 3 : 1;
  }
}

// Whatever still waits (a pipe, the terminal of a thread that never stopped) ends with us.
void main(process.argv[2]).then((code) => {
  closeSync(EVENTS);
  process.exit(code);
});
