import type { closeWhenAlone } from "./close-when-alone.ts";
import type { countRequests } from "./count-requests.ts";
import type { routeTemplate } from "./route-template.ts";
import type { InjectedOptions, Modules, Tools } from "./tools.ts";
import type { watchCollections } from "./watch-collections.ts";
import type { watchLoop } from "./watch-loop.ts";
import type { watchRequests } from "./watch-requests.ts";

export interface Parts {
  readonly closeWhenAlone: typeof closeWhenAlone;
  readonly countRequests: typeof countRequests;
  readonly routeTemplate: typeof routeTemplate;
  readonly watchCollections: typeof watchCollections;
  readonly watchLoop: typeof watchLoop;
  readonly watchRequests: typeof watchRequests;
}

/**
 * Runs inside the target: puts the observers in and leaves one object behind, the global symbol `exhibit.capture`. The
 * dead-man timer is armed before anything else, and takes everything out again when we fall silent.
 */
export function install(parts: Parts, modules: Modules, options: InjectedOptions, application: object) {
  const KEY = Symbol.for("exhibit.capture");
  if (Object.getOwnPropertyDescriptor(application, KEY) !== undefined)
    return JSON.stringify({ already: true });
  const { perf, process } = modules;
  interface Clock {
    readonly now: () => number;
  }
  // Fake timers put a clock of their own over the real one, which stays in the prototype.
  const prototype: Partial<Clock> = Object.getPrototypeOf(perf.performance);
  const clock: Clock = typeof prototype.now === "function" ? { now: prototype.now } : perf.performance;
  const NOTHING: [] = [];
  const now = (): number => Reflect.apply(clock.now, perf.performance, NOTHING);
  const began = now();
  const beganUnix = Date.now();
  // V8's own timer: setTimeout may be faked, and then a dead-man timer would never fire. It keeps no process alive.
  const cell = new Int32Array(new SharedArrayBuffer(4));
  interface Waiter {
    readonly waitAsync: (
      at: Int32Array,
      index: number,
      value: number,
      ms: number,
    ) => { value: Promise<unknown> };
  }
  const { waitAsync }: Waiter = Object(Atomics);
  const after = (ms: number) => waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms).value;
  let faults = 0;
  const tools: Tools = {
    ...modules,
    options,
    now,
    after,
    toUnix: (at) => beganUnix + at - began,
    fault: () => void faults++,
  };

  let requests: ReturnType<Parts["watchRequests"]> | undefined;
  let collections: ReturnType<Parts["watchCollections"]> | undefined;
  let loop: ReturnType<Parts["watchLoop"]> | undefined;
  let seenAt = now();
  let { deadlineMs } = options;
  let gone = false;
  let final: string | undefined;

  const drained = () => ({
    requests: requests?.drain(),
    collections: collections?.drain(),
    silentMs: loop?.silentMs(),
    faults,
  });
  const stop = () => {
    if (final !== undefined) return final;
    const endedAt = now();
    const collected = collections?.stop();
    const last = drained();
    final = JSON.stringify({
      ...last,
      windowMs: endedAt - began,
      counted: requests?.stop(),
      collected,
      loop: loop?.stop(),
      rss_bytes: process.memoryUsage.rss(),
      tookMs: now() - endedAt,
    });
    return final;
  };
  /**
   * What we are asked runs in the middle of whatever JavaScript is running (RequestInterrupt of V8). A channel that loses its
   * last subscriber while it publishes throws into the application (Node 18: `this._subscribers` is gone in the middle of
   * the loop). So hooks come and go when the event loop comes around, with nothing else on the stack.
   */
  const whenClear = (work: () => void) => {
    after(1).then(work).catch(tools.fault);
  };
  /** Nothing of ours is left then: no hook, no timer, no global; and the port is closed after that. */
  const remove = () => {
    requests?.unsubscribe();
    Reflect.deleteProperty(application, KEY);
    if (options.closes) parts.closeWhenAlone(tools, application);
  };
  const finish = () => {
    if (gone) return true;
    gone = true;
    Atomics.notify(cell, 0);
    try {
      stop();
    } finally {
      whenClear(remove);
    }
    return true;
  };
  const watchUs = async (): Promise<void> => {
    await waitAsync(cell, 0, 0, 250).value;
    if (gone) return undefined;
    loop?.turned();
    if (now() - seenAt <= deadlineMs) return watchUs();
    finish();
    return undefined;
  };
  watchUs().catch(finish);

  let isReady = false;
  const api = {
    /** The hooks of requests are in. */
    ready: () => isReady,
    touch: () => {
      seenAt = now();
    },
    drain: () => {
      seenAt = now();
      return JSON.stringify(drained());
    },
    /** Where the main thread is, when this runs in the middle of it (RequestInterrupt of V8). */
    stack: () => {
      const before = Error.stackTraceLimit;
      Error.stackTraceLimit = 60;
      const { stack } = new Error("where it is");
      Error.stackTraceLimit = before;
      return String(stack).slice(0, 20_000);
    },
    report: () => {
      const { report } = process;
      // Without excludeNetwork it asks the name of every peer, one after another (nodejs/node#46060).
      if (report === undefined || !("excludeNetwork" in report)) return undefined;
      const { excludeNetwork, excludeEnv } = report;
      try {
        report.excludeNetwork = true;
        if ("excludeEnv" in report) report.excludeEnv = true;
        const made = report.getReport();
        delete made["environmentVariables"];
        return JSON.stringify(made);
      } finally {
        report.excludeNetwork = excludeNetwork ?? false;
        if (excludeEnv !== undefined) report.excludeEnv = excludeEnv;
      }
    },
    stop: () => {
      seenAt = now();
      return stop();
    },
    finish,
    /** Closes the inspector, when nobody is connected, and goes on observing for so long. */
    shut: (ms: number) => {
      deadlineMs = ms;
      seenAt = now();
      whenClear(() => void (options.closes && parts.closeWhenAlone(tools, application)));
      return true;
    },
    /** We are back, and give signs of life again. */
    resume: () => {
      ({ deadlineMs } = options);
      seenAt = now();
      return !gone;
    },
  };
  let failed: string | undefined;
  try {
    Object.defineProperty(application, KEY, { value: api, configurable: true, enumerable: false });
    loop = parts.watchLoop(tools);
    collections = parts.watchCollections(tools);
    requests = parts.watchRequests(tools, parts);
    const { subscribe } = requests;
    whenClear(() => {
      subscribe();
      isReady = true;
    });
  } catch (error) {
    failed = String(error).slice(0, 300);
    finish();
  }
  return JSON.stringify({ failed, pid: process.pid, tookMs: now() - began });
}
