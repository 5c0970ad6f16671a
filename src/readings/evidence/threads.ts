// What the threads collector saved: what each thread did in each interval, and how it was seen at each look.
import { z } from "zod";
import type { ThreadUsage } from "../../parsers/thread-usage.ts";
import type { CollectorFiles } from "./files.ts";

/** One thread at one look. */
export interface ThreadLook {
  readonly monotonicMs: number;
  readonly tid: number;
  readonly name: string;
  /** One letter: R, S, D, T. */
  readonly state: string;
  /** The kernel's function it sleeps in, where we may know. */
  readonly wchan?: string | undefined;
}

export interface ThreadEvidence {
  /** Percents are of an interval; oldest first. */
  readonly usages: readonly ThreadUsage[];
  readonly looks: readonly ThreadLook[];
  /** How often was looked. */
  readonly times: number;
  /** From the first look to the last. */
  readonly windowMs: number;
  /** Where the table of usages stands, and where the looks do. */
  readonly usageFile: string;
  readonly looksFile: string;
}

const Percent = z.number().nonnegative().optional();
const Count = z.number().nonnegative().optional();
const Usage = z.object({
  at: z.string().optional(),
  elapsedMs: z.number().positive(),
  tid: z.int(),
  name: z.string(),
  cpuPercent: Percent,
  userPercent: Percent,
  systemPercent: Percent,
  latPercent: Percent,
  voluntary: Count,
  involuntary: Count,
  majorFaults: Count,
  state: z.string().optional(),
  processor: Count,
  wchan: z.string().optional(),
});

const ThreadLine = z.object({
  monotonicMs: z.number(),
  tid: z.int(),
  name: z.string(),
  state: z.string(),
  wchan: z.string().optional(),
});

export async function readThreads({ lines, path }: CollectorFiles): Promise<ThreadEvidence | undefined> {
  const [usages, looks] = await Promise.all([
    lines("usage.jsonl", Usage),
    lines("samples.jsonl", ThreadLine),
  ]);
  if (usages === undefined && looks === undefined) return undefined;
  const times = new Set((looks ?? []).map(({ monotonicMs }) => monotonicMs));
  return {
    usages: (usages ?? []).map(whole),
    looks: looks ?? [],
    times: times.size,
    windowMs: times.size === 0 ? 0 : Math.max(...times) - Math.min(...times),
    usageFile: path("prstat.txt"),
    looksFile: path("samples.jsonl"),
  };
}

/** What is absent in the file is a key without a value in the program. */
function whole(usage: z.output<typeof Usage>): ThreadUsage {
  const { at, cpuPercent, userPercent, systemPercent, latPercent, voluntary, involuntary } = usage;
  return { ...usage, at, cpuPercent, userPercent, systemPercent, latPercent, voluntary, involuntary };
}
