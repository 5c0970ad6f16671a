// Evidence that is safe but not whole when COMMAND starts: the core that streams out of its snapshot. The seal waits for it.
import { basename } from "node:path";
import { digestFile } from "../bundle/digests.ts";
import { EVIDENCE_FOLDER } from "../bundle/layout.ts";
import type { CollectorRecord, ReadingRecord } from "../bundle/manifest.ts";
import type { EarlyUpload } from "./early-upload.ts";
import type { CollectorResult } from "./run-collector.ts";

export interface Late {
  /** Collectors whose evidence the target's end does not touch any more. */
  readonly names: readonly string[];
  /** All that was taken, as it is in the end. Never rejects. */
  readonly finished: () => Promise<{
    readonly records: readonly CollectorRecord[];
    readonly readings: readonly ReadingRecord[];
  }>;
}

/** `results` in order; `early` is told of the cores that grow. */
export function followLate(results: readonly CollectorResult[], early: EarlyUpload | undefined): Late {
  const all = Promise.all(
    results.map(async (result) => {
      if (result.late === undefined) return result;
      const member = (core: string) => `${EVIDENCE_FOLDER}/${result.record.name}/${basename(core)}`;
      const growing = result.cores.filter((core) => core.endsWith(".zst"));
      for (const core of growing) early?.asWritten?.growing(member(core), basename(core));
      const done = await result.late;
      for (const core of growing) {
        const digest = await digestFile(core).catch(() => undefined);
        if (digest === undefined || done.record.status !== "ok") early?.asWritten?.givenUp(member(core));
        else early?.asWritten?.grown(member(core), digest);
      }
      return done;
    }),
  );
  return {
    names: results.filter(({ late }) => late !== undefined).map(({ record }) => record.name),
    finished: async () => {
      const done = await all;
      return {
        records: done.map(({ record }) => record),
        readings: done.flatMap(({ readings }) => readings),
      };
    },
  };
}
