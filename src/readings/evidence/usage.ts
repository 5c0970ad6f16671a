// What the whole process held, look by look: saved by the threads collector, which looks all the time.
import { z } from "zod";
import type { CollectorFiles } from "./files.ts";

/** At one look; a number that could not be read is absent. */
export interface UsageLook {
  readonly monotonicMs: number;
  readonly residentBytes?: number | undefined;
  readonly anonymousBytes?: number | undefined;
  readonly descriptors?: number | undefined;
  readonly threads?: number | undefined;
  /** Calls of read(2) and write(2) and their kin since it began. */
  readonly reads?: number | undefined;
  readonly writes?: number | undefined;
  /** The raw line. */
  readonly line: string;
}

export interface UsageEvidence {
  /** Oldest first. */
  readonly looks: readonly UsageLook[];
  readonly file: string;
}

const Count = z.number().nonnegative().optional();
const Look = z.object({
  monotonicMs: z.number(),
  residentBytes: Count,
  anonymousBytes: Count,
  descriptors: Count,
  threads: Count,
  reads: Count,
  writes: Count,
});

export async function readUsage({ lines, path }: CollectorFiles): Promise<UsageEvidence | undefined> {
  const looks = await lines("process.jsonl", Look);
  if (looks === undefined || looks.length === 0) return undefined;
  return {
    looks: looks.map(({ value, line }) => ({ ...value, line })),
    file: path("process.jsonl"),
  };
}
