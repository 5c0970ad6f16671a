// What the operator asked for, after flags and settings were put together; and what a capture tells while it runs.
import type { Mitigation, Target } from "../bundle/manifest.ts";
import type { Platform } from "../collectors/collector.ts";
import type { EarlyStore } from "./early-upload.ts";
import type { PausePermit } from "./pause-permit.ts";
import type { Choice } from "./choose.ts";
import type { KeepFree } from "../host/disk.ts";
import type { HeldProcess } from "../host/process-files.ts";
import type { z } from "zod";

export interface CaptureRequest {
  readonly target: Target;
  readonly held: HeldProcess;
  /** Why nothing may stop this target; empty for most. */
  readonly careful: readonly string[];
  /** What it takes to read all of this target, when we lack it. */
  readonly missingRight?: string;
  readonly platform: Platform;
  readonly collectors: readonly Choice[];
  readonly profile: string;
  readonly budgetMs: number;
  readonly maxPauseMs: number;
  readonly windowMs: number;
  /** Why nothing that holds memory may be kept: it has to be encrypted, and cannot be. */
  readonly noMemory?: string;
  readonly spool: { readonly path: string; readonly keepFree: KeepFree; readonly maxBytes: number };
  readonly phase: "before" | "after" | "adhoc";
  /** The bundle that was taken before the mitigation. */
  readonly afterOf?: string;
  readonly mitigation?: z.infer<typeof Mitigation>;
  readonly reason?: string;
  readonly incidents: readonly string[];
  readonly placement: Readonly<Record<string, string>>;
  readonly store?: string;
  /** Finished evidence is sent there while the capture still runs. */
  readonly early?: EarlyStore;
  readonly noNote?: true;
  /** The job of a fleet that it is taken for. */
  readonly job?: string;
  readonly tool: { readonly version: string; readonly settingsDigest: string };
  /** How long ago the person pressed Enter: counts against the budget. */
  readonly agoMs: number;
  /** How long to wait for another capture of the same process. */
  readonly lockWaitMs: number;
  /** Several captures at once share it, so that only one of their targets is stopped at a time. */
  readonly pauseGate?: <T>(work: () => Promise<T>) => Promise<T>;
  /** Asked before each pause, within the gate: others of a fleet may be stopped now. */
  readonly pausePermit?: PausePermit;
}

/** What goes on, for a terminal or a log. */
export type Progress =
  | {
      readonly kind: "found";
      readonly captureId: string;
      readonly path: string;
      readonly collectUntilMs: number;
      readonly elapsedMs: number;
    }
  | { readonly kind: "started"; readonly name: string; readonly tool: string; readonly estimateMs: number }
  | {
      readonly kind: "ended";
      readonly name: string;
      readonly status: string;
      readonly reason?: string;
      readonly durationMs: number;
      readonly pausedMs?: number;
    }
  | { readonly kind: "secured"; readonly elapsedMs: number };

/** How a person or a signal can end the collecting early. */
export interface Control {
  /** Aborted by `s`, Ctrl-C or a signal: collect no more. */
  readonly stop: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}
