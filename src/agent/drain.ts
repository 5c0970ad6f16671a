// Draining the spool: `exhibit push` whenever something may wait, with longer and longer pauses while it does. Whether
// something may wait is told by the names in the spool, which change with every bundle that begins, is sealed, sent or goes; an
// idle agent starts no process for it.
import { readdir } from "node:fs/promises";
import { z } from "zod";
import { delay } from "../host/clock.ts";
import { retryInMs } from "../upload/back-off.ts";
import type { OwnCommand } from "./own-command.ts";

const LOOK_MS = 2000;
/** Bundles that were uploaded go when they have been kept for long enough: push sees to it, too. */
const HOUSEKEEPING_MS = 3_600_000;

const Pushed = z.object({
  pushed: z.array(
    z.object({
      upload: z.object({ state: z.string() }),
      notes: z.array(z.object({ state: z.string() })),
    }),
  ),
});

export interface DrainState {
  /** Runs of push. */
  readonly pushes: number;
  /** Those after which something still waited, or that failed, one after the other. */
  readonly failures: number;
  /** Bundles that wait; undefined before the first push, or when it did not tell. */
  readonly waiting: number | undefined;
  readonly lastPushAt: string | undefined;
}

export interface Drain {
  readonly state: () => DrainState;
  /** Resolves when the signal was aborted and no push runs any more. */
  readonly ended: Promise<void>;
}

/** Begins with a push: what a killed run left is sealed and sent. */
export function startDrain(spool: string, push: OwnCommand, signal: AbortSignal): Drain {
  let state: DrainState = { pushes: 0, failures: 0, waiting: undefined, lastPushAt: undefined };
  const work = async () => {
    const failures: { readonly at: string }[] = [];
    while (!signal.aborted) {
      // Looked at before: what changes meanwhile is a reason to push again.
      const seen = await namesIn(spool);
      const { exitCode, json } = await push(["push"], signal);
      const at = new Date().toISOString();
      if (exitCode === 0) failures.length = 0;
      else failures.push({ at });
      state = {
        pushes: state.pushes + 1,
        failures: failures.length,
        waiting: waitingIn(json),
        lastPushAt: at,
      };
      const dueMs =
        failures.length === 0
          ? HOUSEKEEPING_MS
          : retryInMs(failures, { chance: Math.random(), nowMs: Date.now() });
      await untilChanged(spool, { seen, dueMs, signal });
    }
  };
  return { state: () => state, ended: work() };
}

async function untilChanged(
  spool: string,
  until: { readonly seen: string; readonly dueMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const end = performance.now() + until.dueMs;
  let { seen } = until;
  while (!until.signal.aborted && performance.now() < end) {
    await delay(Math.min(LOOK_MS, end - performance.now()), until.signal);
    const now = await namesIn(spool);
    // At rest: a capture that just begins or ends changes it several times.
    if (now !== until.seen && now === seen) return;
    seen = now;
  }
}

/** Not of our own temporary files and locks: push itself makes and removes them. */
async function namesIn(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const own = names.filter((name) => !name.startsWith("."));
  return own.toSorted((one, other) => (one < other ? -1 : 1)).join("/");
}

function waitingIn(json: unknown): number | undefined {
  const { data } = Pushed.safeParse(json);
  return data?.pushed.filter(
    ({ upload, notes }) => upload.state === "waiting" || notes.some(({ state }) => state === "waiting"),
  ).length;
}
