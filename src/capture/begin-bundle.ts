// How every bundle begins, whoever makes it: a folder with capture.json and whatever must be in it from the first moment,
// durable, then renamed into the spool. Synchronous: of a capture the process may be gone a moment later. What must stay
// true: a bundle in the spool always has its capture.json, and what must be masked lies beside it.
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { bundlePaths, EVIDENCE_FOLDER, makeCaptureId, type BundlePaths } from "../bundle/layout.ts";
import type { CaptureFile } from "../bundle/manifest.ts";
import { makeBundleRedactor, makeSecrets, type BundleRedactor } from "../bundle/redaction/bundle-redactor.ts";
import { errnoOf, ExhibitError, messageOf } from "../errors.ts";
import { createFileSync, fsyncFolderSync, makeFolderSync } from "../host/files.ts";
import { readHostFacts, readOperator } from "../host/host-facts.ts";
import { readOwnIdentity } from "../host/process-identity.ts";
import type { CaptureRequest } from "./request.ts";

/** What is told of every bundle: who asked, why, and where it goes. */
export type BundleRequest = Pick<
  CaptureRequest,
  "spool" | "phase" | "afterOf" | "reason" | "incidents" | "placement" | "store" | "noNote" | "job" | "tool"
>;

/** What differs between those who make bundles. */
type Facts = Pick<CaptureFile, "planned"> &
  Partial<
    Pick<
      CaptureFile,
      "made" | "mitigation" | "command" | "added" | "target" | "profile" | "budgetMs" | "maxPauseMs"
    >
  >;

interface Beginning<Own extends Facts, Filled> {
  /** What it is about, for the id; made safe here. */
  readonly name: string;
  readonly startedAt: string;
  /** Exact values to mask, as `secretValues` picks them. */
  readonly secrets: readonly string[];
  readonly facts: (redactor: BundleRedactor) => Own;
  /** Puts into the evidence folder what must be there from the first moment; durable but for that folder's own name. */
  readonly fill: (evidence: string, redactor: BundleRedactor) => Filled;
}

/** Begins a bundle. Throws ExhibitError when the disk does not take it; nothing is left behind then. */
export function beginBundle<Own extends Facts, Filled>(
  request: BundleRequest,
  beginning: Beginning<Own, Filled>,
): { readonly paths: BundlePaths; readonly capture: CaptureFile & Own; readonly filled: Filled } {
  const { startedAt } = beginning;
  const captureId = makeCaptureId(startedAt, hostname(), beginning.name);
  const paths = bundlePaths(request.spool.path, captureId);
  const secrets = makeSecrets(beginning.secrets);
  const redactor = makeBundleRedactor(secrets);
  const capture: CaptureFile & Own = {
    schemaVersion: 1,
    captureId,
    tool: { name: "exhibit", ...request.tool },
    agent: readOwnIdentity(),
    operator: readOperator(),
    ...(request.reason === undefined ? {} : { reason: redactor.redactText(request.reason) }),
    phase: request.phase,
    ...(request.afterOf === undefined ? {} : { afterOf: request.afterOf }),
    incidents: [...request.incidents],
    host: readHostFacts(),
    placement: { ...request.placement },
    ...(request.store === undefined ? {} : { store: request.store }),
    ...(request.noNote === undefined ? {} : { noNote: request.noNote }),
    ...(request.job === undefined ? {} : { job: request.job }),
    ...beginning.facts(redactor),
    startedAt,
  };
  // Built under another name: a bundle in the spool always has its capture.json.
  const building = join(request.spool.path, `.${captureId}.new`);
  try {
    makeFolderSync(request.spool.path);
    const evidence = join(building, EVIDENCE_FOLDER);
    makeFolderSync(evidence);
    createFileSync(join(building, "capture.json"), Buffer.from(`${JSON.stringify(capture, undefined, 2)}\n`));
    const filled = beginning.fill(evidence, redactor);
    for (const folder of [evidence, building]) fsyncFolderSync(folder);
    // Kept beside the bundle until it is sealed, so that a bundle sealed after a kill is masked just as well.
    writeFileSync(paths.secrets, JSON.stringify(secrets), { mode: 0o600, flag: "wx" });
    renameSync(building, paths.folder);
    fsyncFolderSync(request.spool.path);
    return { paths, capture, filled };
  } catch (error) {
    // What little there is only fills the disk further.
    if (existsSync(building))
      for (const path of [building, paths.secrets]) rmSync(path, { recursive: true, force: true });
    // Anything but a refusal of the system is a bug of ours, and is told as one.
    if (errnoOf(error) === undefined) throw error;
    throw new ExhibitError(`${request.spool.path}: cannot begin a bundle: ${messageOf(error)}`, {
      hint: "free some space, run as root, or name another folder: spool.path in the settings, EXHIBIT_SPOOL_PATH",
      cause: error,
    });
  }
}
