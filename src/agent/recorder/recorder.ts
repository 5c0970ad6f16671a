// The flight recorder: cheap looks at some services, all the time, into a ring on disk. Cheap before complete: what costs
// more is looked at less often the more it costs.
import { delay, upMs } from "../../host/clock.ts";
import { listHostSync, readHostSync } from "../../host/host-files.ts";
import { readBootId } from "../../host/process-identity.ts";
import { parseCgroupFile } from "../../parsers/cgroup-file.ts";
import { lookAtHost } from "./host-look.ts";
import { openRing } from "./ring.ts";
import { watch, type DeepLook, type ProcessLook, type Watched } from "./watched.ts";

const MOST_PROCESSES = 64;
const SEARCH_MS = 10_000;
/** Every process is asked again: one may have become another program. */
const SEARCH_ALL_MS = 60_000;
const DEEP_MS = 10_000;
/** Deep looks may take half a percent of a core; two percent where somebody needs them more often than that. */
const DEEP_COST_FACTOR = 200;
const NEEDED_COST_FACTOR = 50;

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

/** What was seen of all processes at one time. */
export interface Looks {
  /** Milliseconds since boot, which no clock that is set changes. */
  readonly upMs: number;
  readonly looks: readonly (ProcessLook | DeepLook)[];
}

export interface RecorderRequest {
  /** Regular expressions for the unit, or the command of a process without one. */
  readonly services: readonly string[];
  readonly periodMs: number;
  /** Deep looks come no more seldom than this, but for what they cost. */
  readonly deepMs?: number | undefined;
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Is told what is recorded, as it is seen: whoever needs it does not look again. */
  readonly onLooks?: (looks: Looks) => void;
}

/** Undefined when no service is named, or where there is no /proc of Linux. */
export function startRecorder(request: RecorderRequest): Recorder | undefined {
  const { services, periodMs, folder, signal } = request;
  const usualDeepMs = Math.min(DEEP_MS, request.deepMs ?? DEEP_MS);
  const costFactor = usualDeepMs < DEEP_MS ? NEEDED_COST_FACTOR : DEEP_COST_FACTOR;
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
    const looks: (ProcessLook | DeepLook)[] = [];
    for (const one of watched.values()) {
      const seen = one.look();
      if (seen === undefined) {
        lines.push({ ...at, kind: "ended", pid: one.pid, startTime: one.startTime });
        one.close();
        watched.delete(one.pid);
        continue;
      }
      looks.push(seen);
      if (isDeep) looks.push(one.lookDeep(tables));
    }
    ring.append([...lines, ...looks.map((seen) => ({ ...at, ...seen }))]);
    request.onLooks?.({ upMs: at.upMs, looks });
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
      const before = process.cpuUsage();
      look(isDeep);
      // In time on a CPU: on a busy host the clock would call every look costly.
      const { user, system } = process.cpuUsage(before);
      if (isDeep) deepAtMs = start + Math.max(usualDeepMs, ((user + system) / 1000) * costFactor);
      // After a standstill of the host it goes on, and does not catch up.
      nextAtMs = Math.max(nextAtMs + periodMs, performance.now());
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

function now(): { readonly at: string; readonly upMs: number } {
  return { at: new Date().toISOString(), upMs: upMs() };
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
