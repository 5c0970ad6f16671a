import type { Tools } from "./tools.ts";

/** The event loop: its delay and utilization, CPU, memory, and what keeps the process alive. */
export function watchLoop({ perf, process, v8, now, fault }: Tools) {
  const RESOLUTION_MS = 20;
  const delay = perf.monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const utilization = perf.performance.eventLoopUtilization();
  const cpu = process.cpuUsage();
  const began = now();
  let turnedAt: number | undefined;
  /** The histogram has the sampling interval in every value: a healthy loop would read 20 ms. */
  const ms = (ns: number) => Math.max(0, ns / 1e6 - RESOLUTION_MS);
  const active = () => {
    const counts: Record<string, number> = {};
    try {
      for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
    } catch {
      fault();
    }
    return counts;
  };
  return {
    /** The loop has come around. */
    turned: () => {
      turnedAt = now();
    },
    /** Since it came around last, as far as we know: we look four times a second. */
    silentMs: () => now() - (turnedAt ?? began),
    stop: () => {
      delay.disable();
      const used = process.cpuUsage(cpu);
      const { utilization: share } = perf.performance.eventLoopUtilization(utilization);
      const heap = v8.getHeapStatistics();
      return {
        hasTurned: turnedAt !== undefined,
        utilization: share,
        delay:
          delay.exceeds + delay.max > 0
            ? {
                min_ms: ms(delay.min),
                mean_ms: ms(delay.mean),
                p50_ms: ms(delay.percentile(50)),
                p90_ms: ms(delay.percentile(90)),
                p99_ms: ms(delay.percentile(99)),
                max_ms: ms(delay.max),
              }
            : undefined,
        cpuUserMs: used.user / 1000,
        cpuSystemMs: used.system / 1000,
        heap: {
          used_bytes: heap.used_heap_size,
          total_bytes: heap.total_heap_size,
          limit_bytes: heap.heap_size_limit,
          external_bytes: heap.external_memory,
          malloced_bytes: heap.malloced_memory,
        },
        // An array of this realm: the application may have given its own a toJSON.
        spaces: Array.from(v8.getHeapSpaceStatistics(), (space) => ({
          name: space.space_name,
          size_bytes: space.space_size,
          used_bytes: space.space_used_size,
        })),
        activeResources: active(),
      };
    },
  };
}
