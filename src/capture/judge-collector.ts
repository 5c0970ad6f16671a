// What is said of a collector that has ended: its status with the reasons, and its readings as the manifest has them.
import type { CollectorRecord, ReadingRecord } from "../bundle/manifest.ts";
import { EVIDENCE_FOLDER } from "../bundle/layout.ts";
import type { Reading } from "../collectors/collector.ts";
import { messageOf, UnsupportedError } from "../errors.ts";
import { printable } from "../printable.ts";
import type { Trace } from "./context.ts";
import { gatherGaps, isRefusal } from "./gaps.ts";

const LINE_LIMIT = 500;

/** `missingRight` is named where something was refused for the want of it. */
export function judge(what: {
  readonly error: unknown;
  readonly trace: Trace;
  readonly bytes: number;
  readonly aborted: boolean;
  readonly missingRight: string | undefined;
}): Pick<CollectorRecord, "status" | "reason"> {
  const { error, trace } = what;
  const reasons = [...gatherGaps(trace.gaps)];
  if (error instanceof UnsupportedError)
    return { status: "unsupported", reason: [printable(error.message, 400), ...reasons].join("; ") };
  if (error !== undefined) reasons.unshift(printable(messageOf(error), 400));
  else if (what.aborted) reasons.unshift("its time was up");
  if (trace.truncated) reasons.push("output cut at its size limit");
  if (reasons.length === 0) return { status: "ok" };
  if (what.missingRight !== undefined && reasons.some(isRefusal)) reasons.unshift(what.missingRight);
  const reason = [...new Set(reasons)].join("; ");
  if (error !== undefined && what.bytes === 0) return { status: "failed", reason };
  return { status: "partial", reason: printable(reason, 2000) };
}

/** A reading of a collector as the manifest has it. */
export function toRecord(collector: string, reading: Reading): ReadingRecord {
  return {
    id: reading.id,
    collector,
    text: printable(reading.text, 300),
    value: reading.value,
    unit: reading.unit,
    ...(reading.windowMs === undefined ? {} : { windowMs: Math.round(reading.windowMs) }),
    ...(reading.method === undefined ? {} : { method: reading.method }),
    ...(reading.line === undefined ? {} : { line: printable(reading.line, LINE_LIMIT) }),
    file: `${EVIDENCE_FOLDER}/${collector}/${reading.file}`,
  };
}
