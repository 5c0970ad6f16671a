// Where everything of a bundle lies. Names are ours alone and match [A-Za-z0-9._-]+: nothing that a stranger wrote is
// ever part of a path.
import { randomBytes } from "node:crypto";
import { join } from "node:path";

export const CAPTURE_FILE = "capture.json";
export const MANIFEST_FILE = "manifest.json";
/** By ssh-keygen -Y sign, over the exact bytes of the manifest. */
export const SIGNATURE_FILE = "manifest.json.sig";
export const OUTCOME_FILE = "outcome.json";
export const SUMS_FILE = "SHA256SUMS";
export const ZIP_FILE = "bundle.zip";
export const NOTE_FILE = "note.md";
export const REPORT_FILE = "report.html";
/** In the spool: what may not leave this host, a folder per bundle. */
export const WITHHELD_FOLDER = ".withheld";
/** In the spool: one lock file per captured process. */
export const LOCKS_FOLDER = ".locks";
/** In the spool: bundles that are too damaged to be sent. */
export const QUARANTINE_FOLDER = "quarantine";
export const EVIDENCE_FOLDER = "evidence";
/** Below evidence/: the output of what `run` ran, and the files that `add` was given. */
export const RAN = "command";
export const ADDED = "files";

const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/;

/** Whether a name may be a file of a bundle. */
export function isMemberName(name: string): boolean {
  return NAME.test(name);
}

/** A stranger's text as part of an id: what is not allowed becomes `_`. */
function segment(text: string, limit: number): string {
  const cleaned = text.replace(/[^A-Za-z0-9._-]+/g, "_").replace(/^[._-]+|[._-]+$/g, "");
  return cleaned.slice(0, limit) || "x";
}

/** `20261122T031207Z-cn14-muskie_7-4f2a91`: start in UTC, host, target, random. */
export function makeCaptureId(startedAt: string, host: string, target: string): string {
  const start = `${startedAt.slice(0, 19).replace(/[-:]/g, "")}Z`;
  const short = segment(host.split(".")[0] ?? "", 40);
  return `${start}-${short}-${segment(target, 40)}-${randomBytes(3).toString("hex")}`;
}

/** The paths of one bundle in the spool, and of what lies beside it. */
export interface BundlePaths {
  readonly captureId: string;
  readonly folder: string;
  readonly capture: string;
  readonly manifest: string;
  readonly outcome: string;
  /** Beside the bundle, until it is sealed: how each collector ended. */
  readonly journal: string;
  /** Beside the bundle, until it is sealed: what is known of a core that is whole later than its capture. */
  readonly late: string;
  /** Beside the bundle, until it is sealed: what must be masked. */
  readonly secrets: string;
  /** Beside the bundle, until it is sealed: what was masked before the seal. */
  readonly masked: string;
  readonly receipt: string;
  /** Beside the bundle, until a store has confirmed it: how far its upload has come. */
  readonly upload: string;
  /** In the spool: locks and marks of what runs. */
  readonly locks: string;
  readonly evidence: (collector: string) => string;
}

export function bundlePaths(spool: string, captureId: string): BundlePaths {
  const folder = join(spool, captureId);
  return {
    captureId,
    folder,
    capture: join(folder, CAPTURE_FILE),
    manifest: join(folder, MANIFEST_FILE),
    outcome: join(folder, OUTCOME_FILE),
    journal: join(spool, `${captureId}.journal.jsonl`),
    late: join(spool, `${captureId}.late.jsonl`),
    secrets: join(spool, `${captureId}.secrets.json`),
    masked: join(spool, `${captureId}.masked.jsonl`),
    receipt: join(spool, `${captureId}.receipt.json`),
    upload: join(spool, `${captureId}.upload.jsonl`),
    locks: join(spool, LOCKS_FOLDER),
    evidence: (collector) => join(folder, EVIDENCE_FOLDER, collector),
  };
}
