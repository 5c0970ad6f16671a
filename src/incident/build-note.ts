// From manifest, outcome and address to the note. Only facts are picked here; words are chosen in wording.ts.
import { ADDED, EVIDENCE_FOLDER, ZIP_FILE } from "../bundle/layout.ts";
import type { Outcome } from "../bundle/after-seal.ts";
import type { Manifest } from "../bundle/manifest.ts";
import { sealingFacts } from "../bundle/open-lines.ts";
import { subjectOf } from "../bundle/subject.ts";
import { answerOf, answerText, unseenCollectors } from "../readings/answer.ts";
import { comparisonText } from "../readings/comparison-text.ts";
import type { Note } from "./note.ts";

export interface NoteSources {
  readonly manifest: Manifest;
  /** Where the bundle is (or will be): the store's address, or the path on the host while it waits. */
  readonly url: string;
  readonly uploaded?: boolean;
  readonly manifestSha256?: string;
  /** UTC, ISO 8601: until when the store promises to keep it. */
  readonly keptUntil?: string;
  readonly fetch?: string;
  readonly outcome?: Outcome;
  /** Set while the mitigation runs and there is no outcome yet. */
  readonly running?: { readonly startedAt: string };
}

const MAX_READINGS = 5;

/** `muskie@7`, or `node (pid 24113)`. */
function targetOf(manifest: Manifest): string {
  const { target } = manifest;
  if (target === undefined) return subjectOf(manifest);
  if (target.service !== undefined) return target.service.replace(/\.service$/, "");
  const where = target.containerId === undefined ? "" : ` in container ${target.containerId.slice(0, 12)}`;
  return `${target.command} (pid ${target.pid})${where}`;
}

/** What run ran and how it ended, or which files add was given. */
function madeOf({ made, collectors, added = [], files }: Manifest): Note["made"] {
  if (made === undefined) return undefined;
  if (made === "add") {
    const unmasked = new Set(files.filter((file) => file.unmasked).map(({ path }) => path));
    return {
      by: made,
      files: added.map(({ from, member, bytes }) => ({
        name: from.replace(/^.*\//, ""),
        bytes,
        unmasked: unmasked.has(`${EVIDENCE_FOLDER}/${ADDED}/${member}`),
      })),
    };
  }
  const [ran] = collectors.flatMap(({ commands }) => commands);
  return {
    by: made,
    exitCode: ran?.exitCode,
    signal: ran?.signal,
    durationMs: ran?.durationMs,
    bytes: collectors.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function outcomeOf({ outcome, running }: NoteSources): Note["outcome"] {
  if (outcome === undefined) return running && { state: "running", startedAt: running.startedAt };
  const { startedAt, endedAt, durationMs, exitCode, signal } = outcome;
  if (outcome.notStarted !== undefined) return { state: "not-run", reason: outcome.notStarted };
  if (startedAt === undefined) return undefined;
  if (endedAt === undefined && durationMs === undefined) return { state: "running", startedAt };
  const elapsedMs = durationMs ?? Date.parse(endedAt ?? startedAt) - Date.parse(startedAt);
  return { state: "ended", startedAt, durationMs: elapsedMs, exitCode, signal };
}

/** Of a bundle after the mitigation the comparison is the answer. */
function answerIn({ made, comparison, readings, collectors }: Manifest): string | undefined {
  if (made !== undefined || comparison !== undefined) return undefined;
  const unseen = unseenCollectors(collectors);
  const answer = answerOf(readings, unseen);
  // Who asked for a part only did not ask this.
  const asked = new Set(collectors.filter(({ byChoice }) => !byChoice).map(({ name }) => name));
  if (answer === "unknown" && !unseen.every((name) => asked.has(name))) return undefined;
  // Bundles of an older version do not say how sure a reading is.
  if (answer === "nothing" && readings.some(({ sureness }) => sureness === undefined)) return undefined;
  return answerText(answer, unseen);
}

/** The facts of the note. At most five readings, in the manifest's order; what the operator left out is not missing. */
export function buildNote(sources: NoteSources): Note {
  const { manifest, url } = sources;
  const asked = manifest.collectors.filter((collector) => !collector.byChoice);
  const files = manifest.files.filter((file) => file.path !== ZIP_FILE);
  const made = madeOf(manifest);
  return {
    captureId: manifest.captureId,
    target: targetOf(manifest),
    ...(made === undefined ? {} : { made }),
    host: manifest.host.hostname,
    incidents: manifest.incidents,
    phase: manifest.phase,
    mitigation: manifest.mitigation?.argv,
    reason: manifest.reason,
    operator: manifest.operator.sudoUser ?? manifest.operator.user,
    state: manifest.state,
    stateReason: manifest.stateReason,
    answer: answerIn(manifest),
    comparison: manifest.comparison && comparisonText(manifest.comparison),
    readings: manifest.readings.slice(0, MAX_READINGS).map(({ text, line, file }) => ({ text, line, file })),
    bundle: {
      url,
      uploaded: sources.uploaded ?? false,
      bytes: files.length === 0 ? undefined : files.reduce((sum, file) => sum + file.bytes, 0),
      manifestSha256: sources.manifestSha256,
      keptUntil: sources.keptUntil,
      sealing: sources.manifestSha256 === undefined ? [] : sealingFacts(manifest),
      fetch: sources.fetch,
    },
    report: `${url.replace(/\/+$/, "")}/report.html`,
    startedAt: manifest.startedAt,
    finishedAt: manifest.finishedAt,
    pausedMs: manifest.pausedMs,
    pausedFor: asked
      .filter((collector) => (collector.observedPauseMs ?? 0) > 0)
      .toSorted((a, b) => (b.observedPauseMs ?? 0) - (a.observedPauseMs ?? 0))
      .map((collector) => collector.name),
    collectors: { ok: asked.filter(({ status }) => status === "ok").length, total: asked.length },
    missing: asked
      .filter(({ status }) => status !== "ok")
      .map(({ name, status, reason }) => ({ name, status, reason: reason ?? "no reason was recorded" })),
    outcome: outcomeOf(sources),
  };
}
