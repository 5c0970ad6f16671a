// What a collector is: its facts are data, only `collect` is code. Help, doctor, profiles, --dry-run, the docs and the
// manifest read the facts. A collector never retries, sleeps, catches, or sets a deadline: the runner owns those.
import type { z } from "zod";
import type { InspectAnswer, TraceWatch } from "./inspection.ts";

export type Platform = "linux" | "illumos";

/**
 * What a collector does to the target. `none`: reads /proc or the kernel's tables. `brief`: stops it for milliseconds.
 * `stop`: stops it in proportion to its size. `inside`: runs a little code in it.
 */
export type Touch = "none" | "brief" | "stop" | "inside";

/** What of people's data the output may hold. `core` means memory: it can never be redacted. */
export type Sensitive = "addresses" | "arguments" | "paths" | "logs" | "environment-names" | "core";

export type RuntimeName = "node" | "jvm" | "python" | "go" | "dotnet" | "postgres" | "native" | "unknown";

/** The one process a capture is about, as it was when it was found. */
export interface CollectorTarget {
  readonly pid: number;
  /** Clock ticks since boot on Linux (field 22 of /proc/PID/stat); makes a reused pid another process. */
  readonly startTime: string;
  /** The name the kernel keeps (comm): bytes of a stranger, never part of a path. */
  readonly command: string;
  readonly runtime: { readonly name: RuntimeName; readonly version?: string | undefined };
  /** systemd unit or SMF FMRI, when it belongs to one. */
  readonly service?: string | undefined;
  readonly containerId?: string | undefined;
  readonly zone?: string | undefined;
  readonly residentBytes?: number | undefined;
  readonly virtualBytes?: number | undefined;
  readonly threads?: number | undefined;
}

/** One sentence that the data supports, with its number, the raw line behind it, and the file that holds the line. */
export interface Reading {
  /** Stable kebab-case name of the question: `close-wait`, `gc-share`. */
  readonly id: string;
  readonly text: string;
  readonly value: number;
  /** `percent`, `count`, `bytes`, `ms`. */
  readonly unit: string;
  /** How long was looked, for samples. */
  readonly windowMs?: number;
  /** How the number was made, where there is more than one way. */
  readonly method?: string;
  /** The raw line, untouched: a renderer makes it printable. */
  readonly line?: string;
  /** Name of the file in the collector's folder. */
  readonly file: string;
}

export interface Estimate {
  readonly timeMs: number;
  readonly pauseMs: number;
  readonly sizeBytes: number;
}

export interface CommandOptions {
  /** File name in the collector's folder for stdout; stderr goes to the same name + `.stderr` when there is any. */
  readonly as: string;
  /** Exit statuses that are no failure, besides 0. */
  readonly accept?: readonly number[];
  /** Ends the command after this long without calling it a failure (samplers that run until they are told). */
  readonly forMs?: number;
  /** What it prints may be memory: never in the zip, encrypted when a recipient is set. */
  readonly sensitive?: "core";
  /** It attaches to the target by ptrace: SIGKILL only, normal priority, guarded. */
  readonly stopsTarget?: boolean;
}

export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** The output reached its limit, or the command its time: what is here is the beginning. */
  readonly truncated: boolean;
}

/** Read-only files: of the target below its held /proc/PID folder, or of the host. Reads are bounded. */
export interface Files {
  /** Throws the system's error (ENOENT, EACCES, ESRCH) when it cannot be read. Bytes past the limit are left out. */
  readonly read: (path: string, limitBytes?: number) => Promise<Buffer>;
  readonly list: (path: string) => Promise<readonly string[]>;
  readonly link: (path: string) => Promise<Buffer>;
}

/** The files below the target's held /proc/PID folder. */
export interface ProcessFiles extends Files {
  /** The last `bytes` of a regular file that the target has open (`fd/3`); EINVAL when it is anything else. */
  readonly tail: (path: string, bytes: number) => Promise<Buffer>;
}

/** Appends JSON Lines to one file of the collector's folder. */
export interface Lines {
  readonly write: (value: unknown) => Promise<void>;
  /** Many at once: thousands of lines are one write. */
  readonly writeMany: (values: readonly unknown[]) => Promise<void>;
}

/** What is left for a collector, at this moment. */
export interface Left {
  readonly timeMs: number;
  readonly pauseMs: number;
  readonly bytes: number;
  /** Of memory, on the host or within the limits of the target's cgroups; undefined when it cannot be told. */
  readonly memoryBytes: number | undefined;
}

/** For work that goes on when the collector has ended and the target may be gone. */
export interface LateContext {
  readonly signal: AbortSignal;
  readonly saveJson: (name: string, value: unknown) => Promise<void>;
  readonly gap: (reason: string) => void;
}

export type LateWork = (late: LateContext) => Promise<readonly Reading[]>;

/** What stopped the target by ptrace, when it is over. */
export interface Stopped<T> {
  readonly value: T;
  /** By its own clock, which is finer than our looks from outside. */
  readonly pausedMs: number;
}

/** What a collector may touch. Tests pass a recorded one. */
export interface CollectorContext<Options> {
  readonly platform: Platform;
  readonly target: CollectorTarget;
  readonly options: Options;
  /** Aborted when the collector's time is up: pass it on to what waits. */
  readonly signal: AbortSignal;
  /** How long a sampler may look; the runner made it fit the budget. */
  readonly windowMs: number;
  /** Runs a command without a shell; its raw output is saved as it comes. Throws CommandError on failure. */
  readonly run: (argv: readonly [string, ...string[]], options: CommandOptions) => Promise<CommandOutput>;
  /** Whether a command is on this host. */
  readonly has: (command: string) => Promise<boolean>;
  /**
   * Opens the inspector of a Node process and puts observers in, once; it may be closed while they look on (`away`). Nothing is
   * sent to it where that is not safe. The runner takes everything out again when the collector has ended, however it did.
   */
  readonly inspect: (how?: { readonly isClosedBetween: boolean }) => Promise<InspectAnswer>;
  /** Begins to read V8's own lines about its collections; the runner ends it with the collector. */
  readonly watchTrace: () => TraceWatch;
  /** Files below /proc/PID of the target: `status`, `task/17/stat`. */
  readonly process: ProcessFiles;
  /** Files of the host by absolute path: `/proc/meminfo`. */
  readonly host: Files;
  /** Saves a file in the collector's folder. Names match [A-Za-z0-9._-]+ and are used once. */
  readonly save: (name: string, data: string | Uint8Array) => Promise<void>;
  readonly saveJson: (name: string, value: unknown) => Promise<void>;
  /** One value a line, at once. */
  readonly saveLines: (name: string, values: Iterable<unknown>) => Promise<void>;
  /** For samplers that write as they go. */
  readonly lines: (name: string) => Promise<Lines>;
  /** A file that grows piece by piece, without the size limit of the others. */
  readonly stream: (name: string, sensitive: "core" | "none") => Promise<(text: string) => Promise<void>>;
  /** A path for a file that a command writes itself (a core). The runner owns the folder. */
  readonly reserve: (name: string, sensitive: "core" | "none") => Promise<string>;
  /** Ticks of the runner's clock, the first at once, then every `periodMs` until the window is over or time is up. */
  readonly ticks: (periodMs: number) => AsyncIterable<Tick>;
  /** What could not be had, in words; the collector then ends as `partial`, never as complete. */
  readonly gap: (reason: string) => void;
  /** How the numbers were made (`proc`, `eu-stack`), shown beside them. */
  readonly method: (name: string) => void;
  /** What is left of the budget for it, of --max-pause, and of the disk. */
  readonly left: () => Promise<Left>;
  /** In the environment of every process that is started for it, so that none outlives it. */
  readonly mark: string;
  /** A path beside the bundle, gone with the seal: what late work needs to be told by the next command, should we be ended. */
  readonly lateFile: string;
  /** Runs what stops the target without a command of its own, under the guardian. The signal aborts when it must end. */
  readonly hold: <T>(work: (signal: AbortSignal) => Promise<Stopped<T>>) => Promise<T>;
  /**
   * The evidence is safe from the target's end, but not whole yet: the work goes on beside COMMAND, and the seal waits for
   * it. Until it is done the collector counts as partial.
   */
  readonly later: (pending: string, work: LateWork) => void;
}

export interface Tick {
  readonly index: number;
  /** UTC, ISO 8601. */
  readonly at: string;
  readonly monotonicMs: number;
}

export interface EstimateHow {
  readonly platform: Platform;
  readonly options: unknown;
}

export interface Collector<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  /** What people call it: `prstat`. Accepted wherever a name is. */
  readonly tool: string;
  /** The question it answers. */
  readonly summary: string;
  /** The commands it needs on each platform; a platform that is not named is not supported. */
  readonly platforms: Partial<Record<Platform, { readonly needs: readonly string[]; readonly touch: Touch }>>;
  readonly sensitive: readonly Sensitive[];
  /** It samples over time. */
  readonly window?: true;
  /** Its time is up after this long, whatever is left of the budget. */
  readonly limitMs?: number;
  readonly estimate: (target: CollectorTarget, windowMs: number, how: EstimateHow) => Estimate;
  readonly options: Schema;
  readonly collect: (context: CollectorContext<z.output<Schema>>) => Promise<readonly Reading[]>;
}

/** Checks a collector's type and forgets its options' schema, so that the list can hold them all. */
export function defineCollector<Schema extends z.ZodType>(collector: Collector<Schema>): Collector {
  return {
    ...collector,
    collect: (context) =>
      collector.collect({ ...context, options: collector.options.parse(context.options) }),
  };
}
