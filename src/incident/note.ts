// The note: one model made from manifest, receipt and outcome; renderers escape at the leaf of their format.
import type { CollectorStatus } from "../bundle/manifest.ts";

export interface NoteReading {
  readonly text: string;
  readonly line: string | undefined;
  /** Path in the bundle. */
  readonly file: string;
}

export interface NoteFile {
  readonly name: string;
  readonly bytes: number;
  /** Binary: secrets in it are not masked. */
  readonly unmasked: boolean;
}

/** One host of a job. */
export interface NoteHost {
  readonly name: string;
  readonly service: string;
  readonly state: string;
  readonly url: string | undefined;
  /** Why it is not complete; the answer of check. */
  readonly reason: string | undefined;
}

/** Everything the note says; all text in it is raw and untrusted until a renderer escapes it. */
export interface Note {
  readonly captureId: string;
  /** `muskie@7`, or `node (pid 24113)`; of run the command, of add the names of the files. */
  readonly target: string;
  /** Set when run or add made the bundle: there is no target then. */
  readonly made?:
    | {
        readonly by: "run";
        readonly exitCode: number | undefined;
        readonly signal: string | undefined;
        /** undefined: it was still running when we were killed. */
        readonly durationMs: number | undefined;
        readonly bytes: number;
      }
    | { readonly by: "add"; readonly files: readonly NoteFile[] }
    /** A job over many hosts: there is no bundle of its own, and `captureId` is the id of the job. */
    | {
        readonly by: "fleet";
        /** `8 done, 1 failed`. */
        readonly counts: string;
        readonly total: number;
        /** What is not complete first; cut where the format has no room. */
        readonly hosts: readonly NoteHost[];
        readonly isOver: boolean;
      };
  readonly host: string;
  readonly incidents: readonly string[];
  readonly phase: "before" | "after" | "adhoc";
  /** The mitigation that was about to run; absent for a plain capture. */
  readonly mitigation: readonly string[] | undefined;
  readonly reason: string | undefined;
  readonly operator: string;
  readonly state: "complete" | "partial" | "interrupted";
  /** Why it was interrupted, in words. */
  readonly stateReason: string | undefined;
  /** Whether a restart would help, as far as the readings say; undefined where no rule was asked. */
  readonly answer: string | undefined;
  /** What is different from before the mitigation, in words. */
  readonly comparison: string | undefined;
  /** At most five. */
  readonly readings: readonly NoteReading[];
  readonly bundle: {
    /** Where it is: the store's URL, or the path on the host while it waits. */
    readonly url: string;
    readonly uploaded: boolean;
    /** Without the zip, which holds the same files again; undefined in the note inside the bundle. */
    readonly bytes: number | undefined;
    /** undefined in the note inside the bundle, which is older than the manifest. */
    readonly manifestSha256: string | undefined;
    readonly keptUntil: string | undefined;
    /** Who signed it, what is encrypted; what of that is not known inside the bundle is not there. */
    readonly sealing: readonly string[];
    /** The command that brings it here from the store; undefined while it is not there. */
    readonly fetch: string | undefined;
  };
  readonly report: string | undefined;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** undefined: unknown. */
  readonly pausedMs: number | undefined;
  readonly pausedFor: readonly string[];
  readonly collectors: { readonly ok: number; readonly total: number };
  readonly missing: readonly {
    readonly name: string;
    readonly status: CollectorStatus;
    readonly reason: string;
  }[];
  readonly outcome:
    | { readonly state: "running"; readonly startedAt: string }
    | {
        readonly state: "ended";
        readonly startedAt: string;
        readonly durationMs: number;
        readonly exitCode: number | undefined;
        readonly signal: string | undefined;
      }
    | { readonly state: "not-run"; readonly reason: string }
    | undefined;
}

/**
 * How much a note tells, 0 to 5: nothing of the mitigation, that it runs, or how it ended; and whether the bundle is
 * uploaded; of a job 4 when it is over, else 0. A later note that tells less (a retry that was overtaken) must not replace one that tells more.
 */
export function stageOf({ outcome, bundle, made }: Note): number {
  if (made?.by === "fleet") return made.isOver ? 4 : 0;
  const told = outcome === undefined ? 0 : outcome.state === "running" ? 1 : 2;
  return told * 2 + (bundle.uploaded ? 1 : 0);
}
