// The rules over the evidence of a bundle on disk, as its manifest tells them. A bundle without readings is worth more than
// none: nothing here fails a seal.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { CaptureFile, ReadingRecord } from "../bundle/manifest.ts";
import { readUpTo } from "../host/bounded-read.ts";
import { printable } from "../printable.ts";
import { readEvidence } from "../readings/evidence.ts";
import type { ReadEvidence } from "../readings/evidence/files.ts";
import { judgeEvidence } from "../readings/judge.ts";
import { NO_EXPECTATIONS, type Expectations, type Reading } from "../readings/rule.ts";

const LINE_LIMIT = 500;
/** What a sentence may hold, a question or the next one. */
const TEXT_LIMIT = 300;
/** The largest tables are cut at half of it when they are taken. */
const FILE_LIMIT_BYTES = 32 * 1024 ** 2;

/** Files of a bundle's folder by their path in it; what is missing, no file, or longer than any evidence is undefined. */
export function evidenceOf(folder: string): ReadEvidence {
  return (path) => readMember(join(folder, path)).catch(() => undefined);
}

async function readMember(path: string): Promise<Buffer | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    return found.isFile() && found.size <= FILE_LIMIT_BYTES ? await readUpTo(handle, found.size) : undefined;
  } finally {
    await handle.close();
  }
}

/** The readings of the evidence below `folder`. */
export async function judgeBundle(
  folder: string,
  capture: Pick<CaptureFile, "target">,
  expectations: Expectations = NO_EXPECTATIONS,
): Promise<readonly ReadingRecord[]> {
  if (capture.target === undefined) return [];
  const evidence = await readEvidence(evidenceOf(folder), capture);
  return judgeEvidence(evidence, expectations).map(readingRecord);
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
