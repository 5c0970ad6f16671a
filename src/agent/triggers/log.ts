// A line of a log: a file, or the journal of the unit. Lines are a stranger's text: what is longer than a line may be is not
// looked at, a pattern that takes too long is set aside for a while, and no line goes into a note.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { errnoOf } from "../../errors.ts";
import { delay, upMs } from "../../host/clock.ts";
import { startReading } from "../../host/start.ts";
import { formatDuration } from "../../incident/wording.ts";
import type { TriggerOf } from "../../settings-triggers.ts";
import { openLineMatcher } from "./line-matcher.ts";
import { openLineSplitter } from "./line-splitter.ts";
import { openLogFile } from "./log-file.ts";
import { openOccurrences } from "./occurrences.ts";
import type { EventListener, EventRule } from "./rule.ts";

const LOOK_MS = 1000;
/** Of a journal that runs faster than this, the rest waits in the pipe. */
const MOST_BYTES = 1024 ** 2;
const AGAIN_MS = 10_000;
/** A pattern that took too long is not asked for so long, and twice as long each time after. */
const SET_ASIDE_MS = 10_000;
const MOST_SET_ASIDE_MS = 600_000;

/** `source` is the file, or the unit whose journal is read. */
export function logRule(
  { line, times, within }: Pick<TriggerOf<"log">, "line" | "times" | "within">,
  source: { readonly file: string } | { readonly unit: string },
): EventRule {
  return {
    watch: async (tell, signal) => {
      const judge = openJudge({ line, times, within }, tell);
      if ("file" in source) await watchFile(source.file, { judge, tell, signal });
      else await watchJournal(source.unit, { judge, tell, signal });
    },
  };
}

interface Watch {
  readonly judge: Judge;
  readonly tell: EventListener;
  readonly signal: AbortSignal;
}

interface Judge {
  readonly take: (bytes: Buffer) => void;
  readonly reset: () => void;
}

function openJudge(
  { line, times, within }: Pick<TriggerOf<"log">, "line" | "times" | "within">,
  tell: EventListener,
): Judge {
  const matcher = openLineMatcher(line);
  const splitter = openLineSplitter();
  const occurrences = openOccurrences(times, within);
  let [asideUntilMs, asideMs] = [0, SET_ASIDE_MS];
  return {
    reset: splitter.reset,
    take: (bytes) => {
      const lines = splitter.take(bytes);
      const now = upMs();
      if (now < asideUntilMs || lines.length === 0) return;
      const count = matcher.count(lines);
      if (count === undefined) {
        tell.blind(`the pattern took too long, and is set aside for ${formatDuration(asideMs)}`);
        asideUntilMs = now + asideMs;
        asideMs = Math.min(2 * asideMs, MOST_SET_ASIDE_MS);
        return;
      }
      tell.blind(undefined);
      if (count > 0 && occurrences.add(count, now))
        tell.found({
          text: `${times === 1 ? "a line" : `${times} or more lines`} of its log matched within ${formatDuration(within)}`,
        });
    },
  };
}

async function watchFile(path: string, { judge, tell, signal }: Watch): Promise<void> {
  const file = openLogFile(path);
  let isUnreadable = false;
  while (!signal.aborted) {
    try {
      const { bytes, isCut } = await file.read();
      if (isUnreadable) tell.blind(undefined);
      isUnreadable = false;
      if (isCut) judge.reset();
      judge.take(bytes);
    } catch (error) {
      isUnreadable = true;
      tell.blind(`${path}: ${errnoOf(error) ?? "cannot be read"}`);
    }
    await delay(LOOK_MS, signal);
  }
  await file.close();
}

/** journalctl ends by itself when nobody reads it any more. */
async function watchJournal(unit: string, { judge, tell, signal }: Watch): Promise<void> {
  while (!signal.aborted) {
    const child = startReading([
      "journalctl",
      "--follow",
      "--lines=0",
      "--output=cat",
      "--quiet",
      `--unit=${unit}`,
    ]);
    const stop = () => void child.kill("SIGTERM");
    signal.addEventListener("abort", stop, { once: true });
    judge.reset();
    const slow = readSlowly(child, judge);
    await once(child, "close").catch(() => undefined);
    clearInterval(slow);
    signal.removeEventListener("abort", stop);
    if (signal.aborted) return;
    tell.blind("journalctl has ended, or is not there");
    await delay(AGAIN_MS, signal);
  }
}

/** Lines are judged once a LOOK_MS, together. */
function readSlowly(child: ChildProcess, judge: Judge): NodeJS.Timeout {
  const { stdout } = child;
  let waiting: Buffer[] = [];
  let bytes = 0;
  stdout?.on("data", (data: Buffer) => {
    waiting.push(data);
    bytes += data.length;
    if (bytes > MOST_BYTES) stdout.pause();
  });
  child.on("error", () => undefined);
  return setInterval(() => {
    if (bytes > 0) judge.take(Buffer.concat(waiting));
    [waiting, bytes] = [[], 0];
    stdout?.resume();
  }, LOOK_MS);
}
