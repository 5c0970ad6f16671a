// What is different from the bundle that was taken before the mitigation: its evidence is read again, wherever it lies.
import { dirname } from "node:path";
import type { ComparisonRecord } from "../bundle/comparison-record.ts";
import type { BundlePaths } from "../bundle/layout.ts";
import type { CaptureFile, Manifest } from "../bundle/manifest.ts";
import { compareSides, type Side } from "../readings/compare.ts";
import { readEvidence } from "../readings/evidence.ts";
import type { ReadEvidence } from "../readings/evidence/files.ts";
import { readEntry } from "../upload/spool.ts";
import { evidenceOf } from "./evidence-folder.ts";
import { judgeEvidence } from "../readings/judge.ts";
import { readingRecord } from "./judge-bundle.ts";

/** A bundle with all that is known of it, and how its evidence is read. */
export interface ReadableBundle {
  readonly manifest: Manifest;
  readonly read: ReadEvidence;
}

/** A sealed bundle of this spool; undefined when there is none of this id. */
export async function bundleInSpool(spool: string, captureId: string): Promise<ReadableBundle | undefined> {
  const { manifest, path } = await readEntry(spool, captureId);
  return manifest && { manifest, read: evidenceOf(path) };
}

/** Its evidence, and the readings of its day; those of an older version are read anew, since they say less. */
export async function sideOf({ manifest, read }: ReadableBundle): Promise<Side> {
  const evidence = await readEvidence(read, manifest);
  const isOlder = manifest.readings.some(({ sureness }) => sureness === undefined);
  return {
    evidence,
    readings: isOlder ? judgeEvidence(evidence).map(readingRecord) : manifest.readings,
  };
}

/** The bundle that is about to be sealed, beside the one that its capture.json names; undefined when there is none. */
export async function compareWithEarlier(
  paths: BundlePaths,
  { afterOf }: Pick<CaptureFile, "afterOf">,
  now: Side & { readonly earlier: ReadableBundle | undefined },
): Promise<ComparisonRecord | undefined> {
  if (afterOf === undefined) return undefined;
  const earlier = now.earlier ?? (await bundleInSpool(dirname(paths.folder), afterOf));
  if (earlier === undefined) return undefined;
  return recordOf(afterOf, compareSides(await sideOf(earlier), now));
}

function recordOf(captureId: string, comparison: ReturnType<typeof compareSides>): ComparisonRecord {
  const { gone, stayed, appeared, unseen, vitals } = comparison;
  return {
    ...comparison,
    with: captureId,
    vitals: vitals.map((vital) => ({ ...vital })),
    gone: [...gone],
    stayed: [...stayed],
    appeared: [...appeared],
    unseen: [...unseen],
  };
}
