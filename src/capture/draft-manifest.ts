// What the manifest says of a capture before its files are known. Words of the host's (arguments, reasons, raw lines) are
// masked here; files are masked where they lie.
import type { CollectorRecord, Manifest, ReadingRecord, Redaction } from "../bundle/manifest.ts";
import type { BundleRedactor } from "../bundle/redaction/bundle-redactor.ts";
import { orderReadings } from "../readings/order.ts";
import type { SealRequest } from "./seal.ts";

interface Found {
  readonly redactor: BundleRedactor;
  readonly redactions: readonly Redaction[];
  /** What the rules read in the evidence, beside what the collectors did. */
  readonly readings: readonly ReadingRecord[];
  /** By collector: what went wrong while its core was packed. */
  readonly problems: ReadonlyMap<string, string>;
}

/** The manifest without its files. */
export function draftManifest(request: SealRequest, found: Found): Manifest {
  const { agent: _agent, planned, ...capture } = request.capture;
  const { redactor } = found;
  const collectors = request.records.map((record) => masked(record, found));
  const asked = new Set(planned.flatMap((one) => (one.asked ? [one.name] : [])));
  const missing = collectors.filter(({ name, status, byChoice }) => {
    if (status === "unsupported") return asked.has(name);
    return status !== "ok" && !byChoice;
  });
  const state =
    request.interrupted === undefined ? (missing.length === 0 ? "complete" : "partial") : "interrupted";
  return {
    ...capture,
    state,
    ...(request.interrupted === undefined ? {} : { stateReason: request.interrupted }),
    finishedAt: request.finishedAt,
    sealedAt: request.finishedAt,
    durationMs: request.durationMs,
    ...(request.pausedMs === undefined ? {} : { pausedMs: request.pausedMs }),
    clock: { monotonicStartMs: 0 },
    identityChecks: [...request.checks],
    collectors,
    readings: orderReadings([...request.readings, ...found.readings]).map((reading) => ({
      ...reading,
      text: redactor.redactText(reading.text),
      ...(reading.next === undefined ? {} : { next: redactor.redactText(reading.next) }),
      ...(reading.line === undefined ? {} : { line: redactor.redactText(reading.line) }),
    })),
    redactions: [...found.redactions],
    files: [],
  };
}

function masked(record: CollectorRecord, { redactor, problems }: Found): CollectorRecord {
  const problem = problems.get(record.name);
  const commands = record.commands.map((command) => ({
    ...command,
    argv: redactor.redactArguments(command.argv),
  }));
  const reason = record.reason === undefined ? undefined : redactor.redactText(record.reason);
  if (problem === undefined) return { ...record, ...(reason === undefined ? {} : { reason }), commands };
  return { ...record, status: "partial", reason: [reason, problem].filter(Boolean).join("; "), commands };
}
