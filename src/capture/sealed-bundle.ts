// A sealed bundle in the spool, and what is told about it later: outcome.json, beside what the manifest lists.
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestBytes } from "../bundle/digests.ts";
import { bundlePaths, OUTCOME_FILE } from "../bundle/layout.ts";
import { Outcome } from "../bundle/after-seal.ts";
import { Manifest } from "../bundle/manifest.ts";
import { errnoOf } from "../errors.ts";
import { writeFileDurable } from "../host/files.ts";

/** A bundle of the spool with what is told about it later. */
export interface SealedBundle {
  readonly path: string;
  readonly spool: string;
  readonly manifest: Manifest;
  readonly manifestSha256: string;
}

/** Reads a sealed bundle; throws when there is no manifest or it is not one. */
export async function readBundle(spool: string, captureId: string): Promise<SealedBundle> {
  const paths = bundlePaths(spool, captureId);
  const bytes = await readFile(paths.manifest);
  const manifest = Manifest.parse(JSON.parse(bytes.toString("utf8")));
  return { path: paths.folder, spool, manifest, manifestSha256: digestBytes(bytes).sha256 };
}

/** What became of the mitigation, if it is told yet. */
export async function readOutcome(bundle: Pick<SealedBundle, "path">): Promise<Outcome | undefined> {
  try {
    return Outcome.parse(JSON.parse(await readFile(join(bundle.path, OUTCOME_FILE), "utf8")));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Tells what became of the mitigation, beside the bundle and durable. Its arguments are those of the manifest: masked. */
export async function writeOutcome(
  { path, manifest }: Pick<SealedBundle, "path" | "manifest">,
  outcome: Omit<Outcome, "schemaVersion" | "captureId" | "argv">,
): Promise<void> {
  const { captureId, mitigation } = manifest;
  const whole = { schemaVersion: 1, captureId, argv: mitigation?.argv ?? [], ...outcome } satisfies Outcome;
  const text = `${JSON.stringify(whole, undefined, 2)}\n`;
  await writeFileDurable(join(path, OUTCOME_FILE), text, { temporaryIn: dirname(path) });
}
