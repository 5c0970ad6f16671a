// exhibit push: sends what is waiting: first the upload, then the note. Safe to repeat; with --wait it does so itself.
import { printable } from "../printable.ts";
import { UsageError } from "../errors.ts";
import { bundlePaths } from "../bundle/layout.ts";
import { delay } from "../host/clock.ts";
import type { LoadedSettings } from "../settings-files.ts";
import { parseDurationMs } from "../units.ts";
import { LONGEST_WAITED_MS, retryInMs } from "../upload/back-off.ts";
import { evictUploaded } from "../upload/evict.ts";
import { quarantineDamaged } from "../upload/quarantine.ts";
import { listSpool, type SpoolEntry } from "../upload/spool.ts";
import { failuresIn, readUploadJournal } from "../upload/upload-journal.ts";
import { waitingOf } from "../upload/waiting.ts";
import { openDestination, recover, storeName } from "./destination.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { describePushed, pushOne, type Pushed, type PushOptions } from "./push-one.ts";
import { readSettings } from "./read-settings.ts";
import type { PushResult } from "./results/bundles.ts";
import { findEntry, mustBeInSpool } from "./spool-entry.ts";

export async function run(context: CommandContext<PushOptions>): Promise<CommandResult> {
  const waitMs = readWait(context.options.wait);
  const loaded = await readSettings(context);
  const spool = loaded.settings.spool.path;
  storeName(context.options, loaded);
  await tidy(context, loaded);
  const endMs = performance.now() + waitMs;
  const done = new Map<string, Pushed>();
  for (;;) {
    for (const entry of await chosen(context.positionals, spool, done)) {
      const one = await pushOne(entry, loaded, context);
      const told = describePushed(one);
      const before = done.get(one.captureId);
      if (before === undefined || describePushed(before) !== told) context.say(told);
      done.set(one.captureId, one);
    }
    const waiting = [...done.values()].filter(isWaiting);
    const leftMs = endMs - performance.now();
    if (waiting.length === 0 || leftMs <= 0) break;
    await delay(Math.min(leftMs, await pauseMs(spool, waiting)));
  }
  if (done.size === 0) context.say("exhibit: nothing is waiting");
  const { keepAfterUpload, maxSize } = loaded.settings.spool;
  await evictUploaded({ spool, keepMs: keepAfterUpload, maxBytes: maxSize });
  const json: PushResult = { pushed: [...done.values()] };
  return { exitCode: exitCodeOf(json.pushed), json };
}

function readWait(text: string | undefined): number {
  if (text === undefined) return 0;
  const waitMs = parseDurationMs(text);
  if (waitMs === undefined)
    throw new UsageError(`--wait ${printable(text)}: expected a duration such as 30s or 10m`);
  return waitMs;
}

/** Seals what was interrupted, and puts aside what is too damaged to be sent. */
async function tidy(context: CommandContext<PushOptions>, loaded: LoadedSettings): Promise<void> {
  const recovered = await recover(loaded, await openDestination({ to: undefined, noUpload: false }, loaded));
  for (const { captureId, state, reason } of recovered)
    context.say(
      `exhibit: ${captureId}: ${state === "sealed" ? "was interrupted; sealed now" : `cannot be sealed: ${reason}`}`,
    );
  for (const { captureId, path, reason } of await quarantineDamaged(loaded.settings.spool.path))
    context.warn(`exhibit: ${captureId} is damaged (${printable(reason)}) and was put aside: ${path}`);
}

/** Those that were named; else all that are sealed and wait. When it is repeated, those of them that still wait. */
async function chosen(
  asked: readonly string[],
  spool: string,
  done: ReadonlyMap<string, Pushed>,
): Promise<readonly SpoolEntry[]> {
  const isOpen = ({ captureId }: SpoolEntry) => {
    const before = done.get(captureId);
    return before === undefined || isWaiting(before);
  };
  if (asked.length === 0)
    return (await listSpool(spool)).filter((entry) => {
      const waiting = waitingOf(entry);
      const isAsked = waiting?.upload === "waiting" || waiting?.note === "waiting";
      return entry.state === "sealed" && isAsked && isOpen(entry);
    });
  const entries = await Promise.all(asked.map((id) => findEntry(spool, id)));
  for (const entry of entries) mustBeInSpool(entry, spool);
  return entries.filter(isOpen);
}

/** Until the first of those that wait may be tried again. */
async function pauseMs(spool: string, waiting: readonly Pushed[]): Promise<number> {
  const pauses = await Promise.all(
    waiting.map(async ({ captureId }) => {
      const failures = failuresIn(await readUploadJournal(bundlePaths(spool, captureId).upload));
      const retry = { chance: Math.random(), nowMs: Date.now(), longestMs: LONGEST_WAITED_MS };
      // Of a note that waits, or a bundle that another process sends, nothing is written down.
      return failures.length === 0 ? LONGEST_WAITED_MS : retryInMs(failures, retry);
    }),
  );
  return Math.min(LONGEST_WAITED_MS, ...pauses);
}

function isWaiting({ upload, notes }: Pushed): boolean {
  return upload.state === "waiting" || notes.some(({ state }) => state === "waiting");
}

/** The upload before the note, as with several captures. */
function exitCodeOf(pushed: readonly Pushed[]): number {
  if (pushed.some(({ upload }) => upload.state === "waiting")) return 4;
  const notes = pushed.flatMap((one) => one.notes);
  return notes.some(({ state }) => state === "waiting" || state === "failed") ? 5 : 0;
}
