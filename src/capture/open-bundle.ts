// The beginning of a bundle: capture.json and the first look, durable, before anything else happens. Everything here is
// synchronous and runs ahead of the host's other work, because the process may be gone a moment later.
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { bundlePaths, EVIDENCE_FOLDER, makeCaptureId, type BundlePaths } from "../bundle/layout.ts";
import type { CaptureFile, CollectorRecord } from "../bundle/manifest.ts";
import { makeBundleRedactor, makeSecrets } from "../bundle/redaction/bundle-redactor.ts";
import { secretValues } from "../bundle/redaction/secret-values.ts";
import { errnoOf, ExhibitError, messageOf } from "../errors.ts";
import { createFileSync, fsyncFolderSync, makeFolderSync } from "../host/files.ts";
import type { Clock } from "../host/clock.ts";
import { readHostFacts, readOperator } from "../host/host-facts.ts";
import { readOwnIdentity } from "../host/process-identity.ts";
import type { HeldProcess } from "../host/process-files.ts";
import { takeFirstLook } from "./first-look.ts";
import type { CapturePlan } from "./plan.ts";
import type { CaptureRequest } from "./request.ts";

export const FIRST_LOOK = "first-look";

export interface OpenedBundle {
  readonly paths: BundlePaths;
  readonly capture: CaptureFile;
  readonly firstLook: CollectorRecord;
}

/** Environment and arguments may not be ours to read: then only the rules find secrets. */
function readSecrets(held: HeldProcess): readonly string[] {
  const read = (name: string) => {
    try {
      return held.readSync(name, 1024 ** 2);
    } catch {
      return Buffer.alloc(0);
    }
  };
  return secretValues(read("environ"), read("cmdline"));
}

/** Makes the bundle's folder with capture.json and the first look in it; it appears in the spool with both, durable. */
export function openBundle(request: CaptureRequest, plan: CapturePlan, clock: Clock): OpenedBundle {
  const startedAt = clock.now();
  const startedMs = clock.elapsedMs();
  const { target, held } = request;
  const name = target.service?.replace(/\.service$/, "") ?? `${target.command}_${target.pid}`;
  const captureId = makeCaptureId(startedAt, hostname(), basename(name));
  const paths = bundlePaths(request.spool.path, captureId);
  const secrets = makeSecrets(readSecrets(held));
  const { redactArguments, redactText } = makeBundleRedactor(secrets);
  const capture: CaptureFile = {
    schemaVersion: 1,
    captureId,
    tool: { name: "exhibit", ...request.tool },
    agent: readOwnIdentity(),
    operator: readOperator(),
    ...(request.reason === undefined ? {} : { reason: redactText(request.reason) }),
    phase: request.phase,
    ...(request.mitigation === undefined
      ? {}
      : { mitigation: { argv: redactArguments(request.mitigation.argv) } }),
    incidents: [...request.incidents],
    target:
      target.arguments === undefined ? target : { ...target, arguments: redactArguments(target.arguments) },
    host: readHostFacts(),
    placement: { ...request.placement },
    profile: request.profile,
    budgetMs: request.budgetMs,
    maxPauseMs: request.maxPauseMs,
    ...(request.store === undefined ? {} : { store: request.store }),
    ...(request.noNote === undefined ? {} : { noNote: request.noNote }),
    planned: plan.collectors.map(({ collector, asked, touch, estimate }) => ({
      name: collector.name,
      tool: collector.tool,
      ...(asked ? { asked } : {}),
      touch,
      estimate,
    })),
    startedAt,
  };
  // Built under another name: a bundle in the spool always has its capture.json.
  const building = join(request.spool.path, `.${captureId}.new`);
  try {
    makeFolderSync(request.spool.path);
    const evidence = join(building, EVIDENCE_FOLDER, FIRST_LOOK);
    makeFolderSync(evidence);
    createFileSync(join(building, "capture.json"), Buffer.from(`${JSON.stringify(capture, undefined, 2)}\n`));
    const look = takeFirstLook(held, startedAt);
    createFileSync(join(evidence, "proc.jsonl"), look.data);
    for (const folder of [evidence, join(building, EVIDENCE_FOLDER), building]) fsyncFolderSync(folder);
    // Kept beside the bundle until it is sealed, so that a bundle sealed after a kill is masked just as well.
    writeFileSync(paths.secrets, JSON.stringify(secrets), { mode: 0o600, flag: "wx" });
    renameSync(building, paths.folder);
    fsyncFolderSync(request.spool.path);
    return { paths, capture, firstLook: record(look, { startedAt, startedMs, clock }) };
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

function record(
  look: { readonly data: Buffer; readonly entries: number; readonly unreadable: number },
  time: { readonly startedAt: string; readonly startedMs: number; readonly clock: Clock },
): CollectorRecord {
  return {
    name: FIRST_LOOK,
    tool: "proc",
    touch: "none",
    status: "ok",
    method: `${look.entries} reads of /proc, ${look.unreadable} refused or absent`,
    startedAt: time.startedAt,
    endedAt: time.clock.now(),
    startedMonotonicMs: time.startedMs,
    durationMs: Math.round(time.clock.elapsedMs() - time.startedMs),
    commands: [],
    bytes: look.data.length,
  };
}
