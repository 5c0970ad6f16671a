// What a heap snapshot costs the process that is asked for one: its main thread stands still, and V8 builds the snapshot in
// memory that it does not have yet.
import prettyBytes from "pretty-bytes";
import { parseLoadavg } from "../../parsers/loadavg.ts";
import { parseSystemStat } from "../../parsers/proc-system-stat.ts";
import { faultOf } from "../core/fits.ts";
import type { Left } from "../collector.ts";

const MIB = 1024 ** 2;
/**
 * Of a heap full of small objects, the dearest kind (`npm run bench:runtime -- --parts snapshot`): 0.20, 0.20 and 0.24 s for each MiB
 * of 29, 95 and 233. V8 alone takes as long (v8.writeHeapSnapshot). Long texts cost a tenth: what a heap is full of is not known.
 */
const LEAST_MS_PER_MIB = 210;
const MORE_MS_PER_MIB = 0.2;
/** The resident memory grew by up to 24 times the heap, the file was up to 2.5 times as large as it (the same runs). */
const MEMORY_TIMES = 26;
const FILE_TIMES = 2.8;
/** To come in, and to leave. */
const AROUND_MS = 2000;

export interface Price {
  readonly pauseMs: number;
  /** How many tasks share a CPU, which the pause is so much longer for; 1 where each has its own. */
  readonly crowding: number;
  readonly timeMs: number;
  /** Memory that it needs besides what it has. */
  readonly memoryBytes: number;
  readonly sizeBytes: number;
}

/** The price of a heap of so many bytes in use, rather too high. At a load of 17 on two CPUs it took six times as long (measured). */
export function priceOf(usedBytes: number, crowding = 1): Price {
  const mib = usedBytes / MIB;
  const pauseMs = Math.ceil(mib * (LEAST_MS_PER_MIB + MORE_MS_PER_MIB * mib) * crowding);
  return {
    pauseMs,
    crowding,
    timeMs: pauseMs + AROUND_MS,
    memoryBytes: Math.ceil(usedBytes * MEMORY_TIMES),
    sizeBytes: Math.ceil(usedBytes * FILE_TIMES),
  };
}

/** Of the texts of /proc/loadavg and /proc/stat, over the last minute; 1 where they do not tell. */
export function crowdingOf(loadavg: string, stat: string): number {
  const { load1 = 1 } = parseLoadavg(loadavg) ?? {};
  const { cpus = load1 } = parseSystemStat(stat);
  return Math.max(1, load1 / Math.max(1, cpus));
}

const size = (bytes: number) => prettyBytes(Math.max(0, bytes), { binary: true });
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

export function tellPrice(usedBytes: number, { pauseMs, crowding, memoryBytes, sizeBytes }: Price): string {
  const busy = crowding > 1.2 ? ` (${seconds(pauseMs / crowding)} were its CPU its own)` : "";
  return `a heap snapshot of ${size(usedBytes)} stops it for up to ${seconds(pauseMs)}${busy}, takes up to ${size(memoryBytes)} more of memory meanwhile, and ${size(sizeBytes)} of disk`;
}

/** Why it must not be taken for this price; undefined when it may. */
export function reasonAgainst(price: Price, left: Left, acceptedMs: number | undefined): string | undefined {
  if (acceptedMs === undefined) return `accept that by --heap-snapshot ${Math.ceil(price.pauseMs / 1000)}s`;
  if (price.pauseMs > acceptedMs) return `--heap-snapshot accepts ${seconds(acceptedMs)}`;
  const fault = faultOf(price, left);
  if (fault !== undefined) return `it ${fault}`;
  if (left.memoryBytes === undefined) return "how much memory is left for it cannot be told";
  if (left.memoryBytes < price.memoryBytes)
    return `${size(left.memoryBytes)} of memory are left on the host or in its memory cgroup`;
  return undefined;
}
