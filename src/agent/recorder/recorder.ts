// The flight recorder: cheap looks at some services, all the time, into a ring on disk. Cheap before complete: what costs
// more is looked at less often the more it costs.
import { delay } from "../../host/clock.ts";
import { listHostSync, readHostSync } from "../../host/host-files.ts";
import { readBootId } from "../../host/process-identity.ts";
import { parseCgroupFile } from "../../parsers/cgroup-file.ts";
import type { RecorderSettings } from "../../settings.ts";
import { lookAtHost } from "./host-look.ts";
import { openRing } from "./ring.ts";
import { watch, type Watched } from "./watched.ts";

const MOST_PROCESSES = 64;
const SEARCH_MS = 10_000;
/** Every process is asked again: one may have become another program. */
const SEARCH_ALL_MS = 60_000;
const DEEP_MS = 10_000;
/** A deep look may take half a percent of a core. */
const DEEP_COST_FACTOR = 200;

export interface RecorderState {
  readonly processes: number;
  /** More than these are not recorded. */
  readonly leftOut: number;
  readonly bytes: number;
  readonly lost: number;
}

export interface Recorder {
  readonly state: () => RecorderState;
  /** Resolves when the signal was aborted and all is written. */
  readonly ended: Promise<void>;
}

/** Undefined when no service is named, or where there is no /proc of Linux. */
export function startRecorder(
  { services, period }: RecorderSettings,
  folder: string,
  signal: AbortSignal,
): Recorder | undefined {
  if (services.length === 0 || process.platform !== "linux") return undefined;
  const search = openSearch(services.map((pattern) => new RegExp(pattern)));
  const watched = new Map<number, Watched>();
  const leftOut = new Set<number>();
  const bootId = readBootId();
  const ring = openRing(folder, () => ({ kind: "begin", ...now(), bootId }));
  const find = () => {
    const { isAll, found } = search.next();
    if (isAll) leftOut.clear();
    for (const { pid, service } of found) {
      if (watched.has(pid)) continue;
      if (watched.size >= MOST_PROCESSES) {
        leftOut.add(pid);
        continue;
      }
      const one = watch(pid, service);
      if (one !== undefined) watched.set(pid, one);
    }
  };
  const look = (isDeep: boolean) => {
    const at = now();
    const lines: unknown[] = [{ ...at, ...lookAtHost() }];
    const tables = new Map<string, readonly string[]>();
    for (const one of watched.values()) {
      const seen = one.look();
      if (seen === undefined) {
        lines.push({ ...at, kind: "ended", pid: one.pid, startTime: one.startTime });
        one.close();
        watched.delete(one.pid);
        continue;
      }
      lines.push({ ...at, ...seen });
      if (isDeep) lines.push({ ...at, ...one.lookDeep(tables) });
    }
    ring.append(lines);
  };
  const record = async () => {
    let [searchAtMs, deepAtMs, nextAtMs] = [0, 0, performance.now()];
    while (!signal.aborted) {
      const start = performance.now();
      if (start >= searchAtMs) {
        find();
        searchAtMs = start + SEARCH_MS;
      }
      const isDeep = start >= deepAtMs;
      look(isDeep);
      if (isDeep) deepAtMs = start + Math.max(DEEP_MS, (performance.now() - start) * DEEP_COST_FACTOR);
      // After a standstill of the host it goes on, and does not catch up.
      nextAtMs = Math.max(nextAtMs + period, performance.now());
      await delay(nextAtMs - performance.now(), signal);
    }
    for (const one of watched.values()) one.close();
    await ring.close();
  };
  return {
    state: () => ({ processes: watched.size, leftOut: leftOut.size, bytes: ring.bytes(), lost: ring.lost() }),
    ended: record(),
  };
}

/** UTC, and milliseconds since boot, which no clock that is set changes. */
function now(): { readonly at: string; readonly upMs: number } {
  return { at: new Date().toISOString(), upMs: Math.round(Number(process.hrtime.bigint() / 1_000_000n)) };
}

interface Search {
  /** Processes of the services: the new ones, or all. */
  readonly next: () => {
    readonly isAll: boolean;
    readonly found: readonly { readonly pid: number; readonly service: string }[];
  };
}

function openSearch(patterns: readonly RegExp[]): Search {
  let known = new Set<number>();
  let allAtMs = 0;
  return {
    next: () => {
      const isAll = performance.now() >= allAtMs;
      if (isAll) allAtMs = performance.now() + SEARCH_ALL_MS;
      const pids = listHostSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
      const found = pids.flatMap((pid) => {
        if (pid === process.pid || (!isAll && known.has(pid))) return [];
        const service = serviceOf(pid);
        return service !== undefined && patterns.some((pattern) => pattern.test(service))
          ? [{ pid, service }]
          : [];
      });
      known = new Set(pids);
      return { isAll, found };
    },
  };
}

/** The unit, or the command of a process without one. */
function serviceOf(pid: number): string | undefined {
  try {
    const text = (name: string) => readHostSync(`/proc/${pid}/${name}`, 4096).toString("utf8");
    return parseCgroupFile(text("cgroup")).service ?? text("comm").trimEnd();
  } catch {
    return undefined;
  }
}
