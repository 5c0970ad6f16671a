// The rules over the evidence of a bundle on disk, as its manifest tells them. A bundle without readings is worth more than
// none: nothing here fails a seal, and what failed is told as a reading.
import { dirname } from "node:path";
import type { BundlePaths } from "../bundle/layout.ts";
import type { CaptureFile, ReadingRecord } from "../bundle/manifest.ts";
import { printable } from "../printable.ts";
import type { Evidence } from "../readings/evidence.ts";
import { failedReading, judgeEvidence } from "../readings/judge.ts";
import type { Reading } from "../readings/rule.ts";
import type { ServiceSettings } from "../settings.ts";
import { declaredPeers, earlierPeers } from "./expected-peers.ts";

const LINE_LIMIT = 500;
/** What a sentence may hold, a question or the next one. */
const TEXT_LIMIT = 300;

/** The readings of a bundle that is about to be sealed. */
export async function judgeBundle(
  { folder, captureId }: Pick<BundlePaths, "folder" | "captureId">,
  {
    target,
    evidence,
    services,
  }: Pick<CaptureFile, "target"> & {
    readonly evidence: Evidence;
    readonly services: readonly ServiceSettings[];
  },
): Promise<readonly ReadingRecord[]> {
  if (target === undefined) return [];
  try {
    const declared = await declaredPeers(target, services);
    const earlier = await earlierPeers(dirname(folder), { captureId, target });
    return judgeEvidence(evidence, { connectedTo: [...declared, ...earlier] }).map(readingRecord);
  } catch (error) {
    return [readingRecord(failedReading("judging the evidence", error))];
  }
}

/** A reading as a manifest holds it: printable, and of bounded length. */
export function readingRecord(reading: Reading): ReadingRecord {
  const { windowMs, line, text, next, ...rest } = reading;
  return {
    ...rest,
    // `evidence/sockets/tcp.txt`
    collector: reading.file.split("/")[1] ?? "",
    text: printable(text, TEXT_LIMIT),
    next: printable(next, TEXT_LIMIT),
    ...(windowMs === undefined ? {} : { windowMs: Math.round(windowMs) }),
    ...(line === undefined ? {} : { line: printable(line, LINE_LIMIT) }),
  };
}
