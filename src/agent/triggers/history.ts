// When each trigger has fired: a small file beside the spool. What must stay true: that one fired is durable before anything
// comes of it, so that a kill never makes it fire twice; and a clock that is set neither fires nor blocks. Within a boot times
// are measured since the boot; of an earlier boot only the clock is left, and what it puts into the future has just been.
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { errnoOf } from "../../errors.ts";
import { makeFolder, writeFileDurable } from "../../host/files.ts";

const DAY_MS = 86_400_000;

const Fired = z.strictObject({
  /** UTC. */
  at: z.iso.datetime(),
  bootId: z.string(),
  upMs: z.number(),
});
type Fired = z.infer<typeof Fired>;
const HistoryFile = z.strictObject({ version: z.literal(1), fired: z.record(z.string(), z.array(Fired)) });

export interface Limits {
  readonly cooldown: number;
  /** In any 24 hours. */
  readonly atMost: number;
}

export type Refusal = "cooldown" | "limit";

export interface History {
  /** Why this one may not fire now. */
  readonly refusal: (name: string, limits: Limits) => Refusal | undefined;
  /** It fires now: durable when it resolves. Rejects with the system's error. */
  readonly record: (name: string, limits: Limits) => Promise<void>;
  /** Its last time does not count: nothing came of it. Never rejects; what cannot be written down counts after a restart. */
  readonly takeBack: (name: string) => Promise<void>;
  readonly lastAt: (name: string) => string | undefined;
  /** In the last 24 hours. */
  readonly count: (name: string) => number;
}

export interface HistoryClock {
  readonly bootId: string;
  /** Since boot. */
  readonly upMs: () => number;
  /** UTC. */
  readonly nowMs: () => number;
}

/** `isLost`: there was a file, and it could not be read. */
export async function openHistory(
  path: string,
  clock: HistoryClock,
): Promise<History & { readonly isLost: boolean }> {
  const read = await readHistory(path);
  const fired = new Map(
    Object.entries(read?.fired ?? {}).map(([name, times]) => [name, times.map((one) => rebased(one, clock))]),
  );
  let writing: Promise<unknown> = Promise.resolve();
  const save = async () => {
    const text = JSON.stringify({ version: 1, fired: Object.fromEntries(fired) });
    const write = writing.then(async () => {
      await makeFolder(dirname(path));
      await writeFileDurable(path, `${text}\n`);
    });
    writing = write.catch(() => undefined);
    await write;
  };
  const ages = (name: string) => (fired.get(name) ?? []).map((one) => clock.upMs() - one.upMs);
  const count = (name: string) => ages(name).filter((age) => age < DAY_MS).length;
  return {
    isLost: read === undefined,
    lastAt: (name) => fired.get(name)?.at(-1)?.at,
    count,
    refusal: (name, { cooldown, atMost }) => {
      if (ages(name).some((age) => age < cooldown)) return "cooldown";
      return count(name) >= atMost ? "limit" : undefined;
    },
    record: async (name, { cooldown }) => {
      const now: Fired = {
        at: new Date(clock.nowMs()).toISOString(),
        bootId: clock.bootId,
        upMs: clock.upMs(),
      };
      const kept = (fired.get(name) ?? []).filter(({ upMs }) => now.upMs - upMs < Math.max(DAY_MS, cooldown));
      fired.set(name, [...kept, now]);
      await save();
    },
    takeBack: async (name) => {
      fired.set(name, (fired.get(name) ?? []).slice(0, -1));
      await save().catch(() => undefined);
    },
  };
}

/** In milliseconds of this boot; before it they are negative. */
function rebased(one: Fired, { bootId, upMs, nowMs }: HistoryClock): Fired {
  if (one.bootId === bootId) return one;
  return { at: one.at, bootId, upMs: upMs() - Math.max(0, nowMs() - Date.parse(one.at)) };
}

/** Undefined when there is one that is none of ours. */
async function readHistory(path: string): Promise<z.infer<typeof HistoryFile> | undefined> {
  try {
    return HistoryFile.safeParse(JSON.parse(await readFile(path, "utf8"))).data;
  } catch (error) {
    return errnoOf(error) === "ENOENT" ? { version: 1, fired: {} } : undefined;
  }
}
