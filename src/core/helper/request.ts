// What the helper is asked for. Its own types, without a schema: it must be small, and whoever starts it is us.
import type { ChainStep } from "../ptrace/run-chain.ts";
import type { HelperEvent } from "./messages.ts";

export interface HelperRequest {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: makes a reused pid another process. */
  readonly startTime: string;
  readonly method: "snapshot" | "stop";
  readonly maxPauseMs: number;
  /** A new file for the core as it is; without one it goes to standard output. */
  readonly path?: string;
  /** For when whoever wanted the core ends before it is whole (program.ts). */
  readonly alone?: AloneRequest;
}

export interface AloneRequest {
  /** A new file: what was told is kept there, once the copy stands. */
  readonly told: string;
  /** What will be wanted together with it, kept as it is. */
  readonly about: unknown;
  /** The file that the core ends up in, and how much of the disk it may take. */
  readonly stored: string;
  readonly roomBytes: number;
}

/** How the helper speaks with whoever started it. */
export interface Talk {
  readonly tell: (event: HelperEvent) => void;
  /** Resolves when the target may be stopped, with the programs that the core goes through; rejects when nobody wants it. */
  readonly go: () => Promise<readonly number[]>;
  /** Aborted when it must end. */
  readonly ended: AbortSignal;
}

/** For tests, which end the process at such a moment. */
export interface Hooks {
  readonly onStep?: (step: ChainStep | "seized" | "stopped" | "released" | "reaping") => void;
}
