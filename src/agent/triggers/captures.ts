// The captures that triggers begin: few at once, and never two of one process.
import { z } from "zod";
import { isBeingCaptured } from "../../capture/target-lock.ts";
import { captureWords } from "../orders.ts";
import type { OwnCommand } from "../own-command.ts";

/** A host that is sick in many places at once is not made sicker. */
const MOST_AT_ONCE = 2;

export interface Target {
  readonly unit?: string;
  readonly pid?: number;
  /** Those that may be captured. */
  readonly processes: readonly { readonly pid: number; readonly startTime: string }[];
}

export interface Captured {
  /** Undefined when a signal ended it. */
  readonly exitCode?: number;
  /** Undefined when nothing was saved. */
  readonly captureId?: string;
}

export interface Slot {
  /** Never rejects. */
  readonly capture: (what: {
    readonly profile: string;
    readonly reason: string;
    readonly incidents: string[];
  }) => Promise<Captured>;
  readonly release: () => void;
}

export interface Captures {
  /** Undefined when one of them is being captured, or too much else is. */
  readonly take: (target: Target) => Promise<Slot | undefined>;
  /** Resolves when none runs. */
  readonly idle: () => Promise<unknown>;
}

const Result = z.object({ captures: z.array(z.object({ captureId: z.string().optional() })) });

export function openCaptures(spool: string, own: OwnCommand, stop: AbortSignal): Captures {
  const taken = new Set<ReadonlySet<string>>();
  const running = new Set<Promise<unknown>>();
  return {
    idle: () => Promise.all(running),
    take: async ({ unit, pid, processes }) => {
      const keys = new Set([
        ...processes.map((one) => `${one.pid} ${one.startTime}`),
        ...(unit === undefined ? [] : [unit]),
      ]);
      const isTaken = [...taken].some((others) => [...others].some((key) => keys.has(key)));
      if (isTaken || taken.size >= MOST_AT_ONCE) return undefined;
      // Before anything is waited for: another trigger may ask meanwhile.
      taken.add(keys);
      const release = () => void taken.delete(keys);
      for (const one of processes)
        if (await isBeingCaptured(spool, one)) {
          release();
          return undefined;
        }
      return {
        release,
        capture: async (what) => {
          const words = captureWords({
            ...what,
            ...(unit === undefined ? {} : { unit }),
            ...(unit !== undefined || pid === undefined ? {} : { pid }),
          });
          const work = own(words, stop);
          running.add(work);
          const { exitCode, json } = await work.finally(() => running.delete(work));
          const captureId = Result.safeParse(json).data?.captures[0]?.captureId;
          return {
            ...(exitCode === undefined ? {} : { exitCode }),
            ...(captureId === undefined ? {} : { captureId }),
          };
        },
      };
    },
  };
}
