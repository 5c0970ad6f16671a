// The guardian: a small shell of its own session that outlives us. It holds the lock on the target, so that two captures
// of one process never overlap and the lock dies with its holder; and when our pipe closes without "bye" (we were
// killed, or crashed) it kills what we had started and lets the target run again.
// It is a shell because it must start in a millisecond on a host that has none to spare, and must not share our fate.
import { createInterface } from "node:readline";
import type { ChildProcess } from "node:child_process";
import { ExhibitError } from "../errors.ts";
import { delay } from "./clock.ts";
import { OWN_CGROUP } from "./own-cgroup.ts";
import { RUN_VARIABLE } from "./process-group.ts";
import { startHelper } from "./start.ts";

// $1 lock file, $2 seconds to wait for it, $3 mark of our processes, $4 target, $5 its start time.
// SIGCONT goes out without a look at the state: a SIGSTOP may still be pending. The start time is field 22 of stat,
// counted after the last ")" because the name before it may hold anything.
// "pause N" also arms a limit: if we are frozen rather than dead, the target still runs again after N seconds.
const SCRIPT = `
trap '' INT TERM HUP QUIT PIPE
[ -w /proc/self/oom_score_adj ] && { echo -1000 >/proc/self/oom_score_adj; } 2>/dev/null
exec 9>>"$1" || { echo failed; exit 1; }
command -v flock >/dev/null || { echo failed; exit 1; }
flock -w "$2" 9 || { echo busy; exit 3; }
mark=$3 target=$4 expected=$5
resume() {
  stat=$(tr '\\n' ' ' <"/proc/$target/stat") || return
  set -- \${stat##*) }
  [ "\${20}" = "$expected" ] && kill -CONT "$target"
}
kill_strays() {
  for entry in $(grep -ls "${RUN_VARIABLE}=$mark" /proc/[0-9]*/environ); do
    entry=\${entry#/proc/} pid=\${entry%%/*}
    # What completes a core has left our control group, and goes on without us.
    grep -q "/${OWN_CGROUP}" "/proc/$pid/cgroup" || kill -KILL "$pid"
  done
}
release() {
  kill_strays
  for wait in 0 0.02 0.1 0.25; do
    sleep $wait
    resume
  done
}
exec 2>/dev/null
paused=
echo held
while read -r word seconds; do
  case $word in
    pause)
      paused=1
      ( exec 9>&- </dev/null >/dev/null; sleep "$seconds"; release ) &
      limit=$!
      echo paused ;;
    resumed)
      paused=
      kill -KILL $limit
      echo resumed ;;
    bye) exit 0 ;;
  esac
done
# The limit would let the target run once more when its time is up: by then somebody else may have stopped it.
if [ "$paused" ]; then kill -KILL $limit; release; else kill_strays; fi
`;

export interface Guardian {
  /** Before anything may stop the target. The guardian lets it run again `limitMs` later, or when we are gone. */
  readonly pause: (limitMs: number) => Promise<void>;
  /** The target runs again, by our own check. */
  readonly resumed: () => Promise<void>;
  /** All is well: the guardian ends and the lock is free. */
  readonly release: () => Promise<void>;
}

/** Another capture of this process holds the lock. */
export class BusyError extends ExhibitError {}

/** Between "bye" and SIGKILL, for a guardian that does not answer. */
const GOODBYE_MS = 2000;

/**
 * Starts the guardian of one target and waits for its lock, at most `waitMs`, or until the signal aborts. Throws
 * BusyError when another capture holds it, ExhibitError when there is no shell or no flock(1) to hold it with, or no
 * answer.
 */
export async function startGuardian(request: {
  readonly lockPath: string;
  readonly waitMs: number;
  readonly runId: string;
  readonly pid: number;
  readonly startTime: string;
  readonly signal?: AbortSignal;
}): Promise<Guardian> {
  const helper = startHelper([
    "sh",
    "-c",
    SCRIPT,
    "exhibit-guardian",
    request.lockPath,
    (Math.max(0, request.waitMs) / 1000).toFixed(2),
    request.runId,
    String(request.pid),
    request.startTime,
  ]);
  const answers = listen(helper);
  const giveUp = () => endHelper(helper);
  if (request.signal?.aborted) giveUp();
  request.signal?.addEventListener("abort", giveUp, { once: true });
  const first = await answers();
  request.signal?.removeEventListener("abort", giveUp);
  if (first === "busy") throw new BusyError(`another capture of process ${request.pid} is under way`);
  if (first !== "held")
    throw new ExhibitError("the guardian could not be started, so nothing may stop the target", {
      hint: "exhibit needs sh and flock (util-linux)",
    });

  const tell = async (line: string): Promise<string | undefined> => {
    const written = await new Promise<boolean>((resolve) =>
      helper.stdin?.write(`${line}\n`, (error) => resolve(!error)),
    );
    return written ? answers() : undefined;
  };
  return {
    pause: async (limitMs) => {
      if ((await tell(`pause ${Math.ceil(limitMs / 1000)}`)) === "paused") return;
      throw new ExhibitError("the guardian is gone, so nothing may stop the target");
    },
    resumed: async () => void (await tell("resumed")),
    release: async () => {
      const gone = new Promise<void>((resolve) => helper.once("exit", () => resolve()));
      if (helper.exitCode !== null || helper.signalCode !== null) return;
      helper.stdin?.end("bye\n");
      await Promise.race([gone, delay(GOODBYE_MS)]);
      endHelper(helper);
      helper.stdout?.destroy();
    },
  };
}

/** Ends the shell with what it waits for; the lock is free once all of them are gone. */
function endHelper({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}

/** Lines of the helper's stdout, one per call; undefined when it is gone. */
function listen(helper: ChildProcess): () => Promise<string | undefined> {
  if (!helper.stdout) return async () => undefined;
  // A guardian that died makes the next write fail; that answer is enough.
  helper.stdin?.on("error", () => undefined);
  const lines = createInterface({ input: helper.stdout });
  // Without a shell the pipe never ends, as it never began.
  helper.on("error", () => lines.close());
  const iterator = lines[Symbol.asyncIterator]();
  return async () => {
    const next = await iterator.next().catch(() => undefined);
    return next?.done ? undefined : next?.value;
  };
}
