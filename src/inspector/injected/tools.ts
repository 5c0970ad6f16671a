// What the parts that run inside a target share. Every part is one function whose text is sent (injected/source.ts): it may
// use its arguments and what JavaScript itself has, nothing of this program. It runs in a realm of its own, so that an
// application that changed Date, JSON, Map or their prototypes changes nothing for us, nor we for it. The types here are
// what we use of Node's modules, with everything that an application may have changed as possibly missing.
import type * as FileSystem from "node:fs";
import type * as Inspector from "node:inspector";
import type * as Net from "node:net";
import type * as PerfHooks from "node:perf_hooks";
import type * as V8 from "node:v8";

export interface InjectedOptions {
  /** Without a sign of life for so long everything of ours goes away. */
  readonly deadlineMs: number;
  /** The inspector is ours to close. */
  readonly closes: boolean;
  /** Routes that are counted by themselves; the others are counted together. */
  readonly mostRoutes: number;
  /** Requests that are told one by one between two drains; all are counted. */
  readonly mostEvents: number;
  readonly mostCollections: number;
}

/** What is read of a request of node:http or undici. */
export interface ObservedRequest {
  readonly method?: unknown;
  readonly url?: unknown;
  readonly originalUrl?: unknown;
  readonly path?: unknown;
  readonly host?: unknown;
  readonly origin?: unknown;
  readonly baseUrl?: unknown;
  readonly route?: { readonly path?: unknown };
  readonly socket?: { readonly destroyed?: boolean; readonly remotePort?: number };
}

/** What a channel of diagnostics_channel tells. */
export interface Message {
  readonly request?: ObservedRequest;
  readonly response?: { readonly statusCode?: unknown };
  readonly error?: { readonly code?: unknown };
}

/** A socket of a server holds the response that it works on. */
interface Handle {
  readonly _httpMessage?: {
    readonly req?: ObservedRequest;
    readonly statusCode?: number;
    readonly writableFinished?: boolean;
  };
}

interface Report {
  /** Node 20.13, 22. */
  excludeNetwork?: boolean;
  /** Node 22.13, 23.3. */
  excludeEnv?: boolean;
  readonly getReport: () => Record<string, unknown>;
}

type Hook = (message: Message) => void;

/** Node's own modules, and its real `process`, whatever the application has put in their place. */
export interface Modules {
  readonly channels: {
    readonly subscribe: (name: string, hook: Hook) => void;
    readonly unsubscribe: (name: string, hook: Hook) => void;
  };
  readonly fs: typeof FileSystem;
  readonly inspector: typeof Inspector;
  readonly net: typeof Net;
  readonly perf: typeof PerfHooks;
  readonly process: Pick<NodeJS.Process, "pid" | "cpuUsage" | "memoryUsage" | "getActiveResourcesInfo"> & {
    readonly _getActiveHandles: () => readonly Handle[];
    readonly report?: Report;
  };
  readonly v8: typeof V8;
}

export interface Tools extends Modules {
  readonly options: InjectedOptions;
  /** Monotonic. */
  readonly now: () => number;
  /** `now` as Unix time. */
  readonly toUnix: (at: number) => number;
  /** A timer that no application can have replaced, and that keeps no process alive. */
  readonly after: (ms: number) => Promise<unknown>;
  /** Counts what went wrong inside our own hooks: nothing is ever thrown at the application. */
  readonly fault: () => void;
}
