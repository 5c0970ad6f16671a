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
}

/** How the helper speaks with whoever started it. */
export interface Talk {
  readonly tell: (event: HelperEvent) => void;
  /** Resolves when the target may be stopped; rejects when nobody wants it any more. */
  readonly go: () => Promise<void>;
  /** Aborted when it must end. */
  readonly ended: AbortSignal;
}

/** For tests, which end the process at such a moment. */
export interface Hooks {
  readonly onStep?: (step: ChainStep | "seized" | "stopped" | "released" | "reaping") => void;
}
