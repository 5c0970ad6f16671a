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
  /** The system call it is in, as /proc/PID/syscall says it, where it waits for a lock. */
  readonly syscall?: string | undefined;
  /** The raw line. */
  readonly line: string;
}

/** What a thread did in one interval, with its raw row where that is another tool's. */
export type ThreadInterval = ThreadUsage & { readonly line?: string | undefined };

export interface ThreadEvidence {
  /** Percents are of an interval; oldest first. */
  readonly usages: readonly ThreadInterval[];
  readonly looks: readonly ThreadLook[];
  /** How often was looked. */
  readonly times: number;
  /** All intervals together. */
  readonly windowMs: number;
  /** The id of the first thread. */
  readonly mainThread: number | undefined;
  /** From here on, waiting for a CPU is worth a reading. */
  readonly waitPercent: number;
  /** Where the table of usages stands, and where the looks do. */
  readonly usageFile: string;
  readonly looksFile: string;
}

const WAIT_PERCENT = 20;

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
  line: z.string().optional(),
  sinceStart: z.literal(true).optional(),
});

const Look = z.object({
  monotonicMs: z.number(),
  tid: z.int(),
  name: z.string(),
  state: z.string(),
  wchan: z.string().optional(),
  syscall: z.string().optional(),
});

const Summary = z.object({
  mainThread: z.int().optional(),
  windowMs: z.number().nonnegative().optional(),
  waitPercent: z.number().optional(),
});

export async function readThreads(files: CollectorFiles): Promise<ThreadEvidence | undefined> {
  const { lines, path, json } = files;
  const [usages, looks, summary] = await Promise.all([
    lines("usage.jsonl", Usage),
    lines("samples.jsonl", Look),
    json("summary.json", Summary),
  ]);
  if (usages === undefined && looks === undefined) return undefined;
  const times = new Set((looks ?? []).map(({ value }) => value.monotonicMs));
  return {
    usages: (usages ?? []).flatMap(({ value }) => (value.sinceStart ? [] : [intervalOf(value)])),
    looks: (looks ?? []).map(({ value, line }) => ({ ...value, line })),
    times: times.size,
    windowMs: summary?.windowMs ?? (times.size === 0 ? 0 : Math.max(...times) - Math.min(...times)),
    mainThread: summary?.mainThread,
    waitPercent: summary?.waitPercent ?? WAIT_PERCENT,
    usageFile: path("prstat.txt"),
    looksFile: path("samples.jsonl"),
  };
}

/**
 * What is absent in the file is a key without a value in the program. Every object gets its keys in the same order: of a spread V8
 * makes a dictionary each, ten times as slow to make and to read.
 */
function intervalOf(usage: z.output<typeof Usage>): ThreadInterval {
  return {
    at: usage.at,
    elapsedMs: usage.elapsedMs,
    tid: usage.tid,
    name: usage.name,
    cpuPercent: usage.cpuPercent,
    userPercent: usage.userPercent,
    systemPercent: usage.systemPercent,
    latPercent: usage.latPercent,
    voluntary: usage.voluntary,
    involuntary: usage.involuntary,
    majorFaults: usage.majorFaults,
    state: usage.state,
    processor: usage.processor,
    wchan: usage.wchan,
    line: usage.line,
  };
}
