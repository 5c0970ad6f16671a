// The words of the note, the same in every format. What a stranger wrote goes through the format's own leaf functions,
// here as everywhere; the rest is ours.
import prettyBytes from "pretty-bytes";
import { formatCommand } from "../bundle/subject.ts";
import { printable } from "../printable.ts";
import { stageOf, type Note } from "./note.ts";

export { formatCommand };

/** How a format writes raw text: as prose, and as a name or a command. Both make it printable, cut and escape it. */
export interface Leaf {
  readonly text: (raw: string, limit: number) => string;
  readonly code: (raw: string, limit: number) => string;
}

const MAX_MISSING = 6;

/** `250 ms`, `3.4 s`, `2 min 5 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export function formatBytes(bytes: number): string {
  return prettyBytes(bytes);
}

/** An instant without its fraction: `2026-11-22T03:12:07Z`. Anything else is a stranger's text and is told as it is. */
export function formatInstant(instant: string): string {
  return instant.replace(/\.\d+Z$/, "Z");
}

/** The time alone when the day is that of another instant. */
function formatTime(instant: string, day: string): string {
  const short = formatInstant(instant);
  return short.slice(0, 10) === day.slice(0, 10) ? short.slice(11) : short;
}

/**
 * `Evidence from muskie@7 on us-east-cn14, taken before: systemctl restart muskie@7`; of run `Output of dtrace -n ... on
 * us-east-cn14`, of add `Files from us-east-cn14: shot.png`.
 */
export function headline({ target, host, mitigation, phase, made }: Note, leaf: Leaf): string {
  if (made?.by === "run") return `Output of ${leaf.code(target, 160)} on ${leaf.code(host, 80)}`;
  if (made?.by === "add") return `Files from ${leaf.code(host, 80)}: ${leaf.code(target, 160)}`;
  const where =
    made?.by === "fleet" ? `${made.total} ${made.total === 1 ? "host" : "hosts"}` : leaf.code(host, 80);
  const what = `Evidence from ${leaf.code(target, 80)} on ${where}`;
  if (mitigation === undefined) return what;
  return `${what}, taken ${phase === "after" ? "after" : "before"}: ${leaf.code(formatCommand(mitigation), 160)}`;
}

export function reasonLine({ reason, operator }: Note, leaf: Leaf): string {
  const who = leaf.text(operator, 40);
  return reason === undefined ? `Taken by ${who}` : `"${leaf.text(reason, 300)}" (${who})`;
}

/** What all readings together say, and what is different from before: before the readings themselves. */
export function answerLines({ comparison, answer }: Note, leaf: Leaf): readonly string[] {
  return [
    ...(comparison === undefined ? [] : [`Since then: ${leaf.text(comparison, 400)}`]),
    ...(answer === undefined ? [] : [`Answer: ${leaf.text(answer, 300)}`]),
  ];
}

/** Size, digest, end of retention and how to fetch it, as far as they are known; empty when nothing is. */
export function bundleFacts({ bundle }: Note, leaf: Leaf): string {
  const facts = [
    bundle.bytes === undefined ? [] : [formatBytes(bundle.bytes)],
    bundle.manifestSha256 === undefined
      ? []
      : [`manifest sha256 ${leaf.code(bundle.manifestSha256.slice(0, 16), 16)}…`],
    bundle.sealing.slice(0, 2).map((fact) => leaf.text(fact, 200)),
    bundle.keptUntil === undefined ? [] : [`kept until ${leaf.text(bundle.keptUntil.slice(0, 10), 10)}`],
    bundle.fetch === undefined ? [] : [leaf.code(bundle.fetch, 600)],
    // The note inside the bundle, older than the manifest, cannot know.
    bundle.uploaded || bundle.manifestSha256 === undefined ? [] : ["on the host, not uploaded yet"],
  ];
  return facts.flat().join(", ");
}

function pauseWords({ pausedMs, pausedFor }: Note, leaf: Leaf): string {
  if (pausedMs === undefined) return "how long the process was stopped is not known";
  if (pausedMs === 0) return "the process was not stopped";
  const why = pausedFor.slice(0, 3).map((name) => leaf.text(name, 30));
  return `process stopped ${formatDuration(pausedMs)}${why.length === 0 ? "" : ` for ${why.join(", ")}`}`;
}

export function takenLine(note: Note, leaf: Leaf): string {
  const from = leaf.text(formatInstant(note.startedAt), 30);
  const span = `${from} to ${leaf.text(formatTime(note.finishedAt, note.startedAt), 30)}`;
  return note.made === undefined ? `${span}; ${pauseWords(note, leaf)}` : span;
}

/** `exit 1 after 3.2 s, 4.1 kB of output`; `shot.png (120 kB), core.24113 (1.2 GB)`. */
function madeWords(made: NonNullable<Note["made"]>, leaf: Leaf): string {
  if (made.by === "fleet") return made.isOver ? made.counts : `${made.counts || "nothing"} so far`;
  if (made.by === "run") {
    const { exitCode, signal, durationMs } = made;
    const how = signal === undefined ? `exit ${exitCode}` : `ended by ${leaf.text(signal, 20)}`;
    const ended =
      durationMs === undefined ? "how it ended is not known" : `${how} after ${formatDuration(durationMs)}`;
    return `${ended}, ${formatBytes(made.bytes)} of output`;
  }
  const told = made.files.slice(0, MAX_MISSING).map(({ name, bytes, unmasked }) => {
    const binary = unmasked ? ", binary, not masked" : "";
    return `${leaf.code(name, 80)} (${formatBytes(bytes)}${binary})`;
  });
  if (made.files.length > MAX_MISSING) told.push(`and ${made.files.length - MAX_MISSING} more`);
  return told.join(", ");
}

export function gotLine({ collectors, missing, state, stateReason, made }: Note, leaf: Leaf): string {
  const listed = missing
    .slice(0, MAX_MISSING)
    .map(({ name, status, reason }) => `${leaf.text(name, 40)} (${status}: ${leaf.text(reason, 100)})`);
  if (missing.length > MAX_MISSING) listed.push(`and ${missing.length - MAX_MISSING} more`);
  const gaps = listed.length === 0 ? "" : `. Not complete: ${listed.join("; ")}`;
  const cut =
    state === "interrupted"
      ? `. ${made === undefined ? "The capture" : "It"} was interrupted${stateReason === undefined ? "" : `: ${leaf.text(stateReason, 150)}`}`
      : "";
  const got =
    made === undefined ? `${collectors.ok} of ${collectors.total} collectors` : madeWords(made, leaf);
  return `${got}${gaps}${cut}`;
}

/** What the mitigation did; undefined when there was none or nothing is known. */
export function outcomeLine({ outcome, mitigation, finishedAt }: Note, leaf: Leaf): string | undefined {
  if (outcome === undefined) return undefined;
  const command = mitigation === undefined ? "the command" : leaf.code(formatCommand(mitigation), 60);
  if (outcome.state === "not-run") return `${command} was not run: ${leaf.text(outcome.reason, 150)}`;
  const started = `started ${leaf.text(formatTime(outcome.startedAt, finishedAt), 30)}`;
  if (outcome.state === "running") return `${command} ${started}, running`;
  const end =
    outcome.signal !== undefined
      ? `ended by ${leaf.text(outcome.signal, 20)}`
      : outcome.exitCode !== undefined
        ? `exit ${outcome.exitCode}`
        : "ended, exit status not known";
  return `${command} ${started}, ${end} after ${formatDuration(outcome.durationMs)}`;
}

/** Whether there is one bundle that the note is about. */
export function hasBundle({ made }: Note): boolean {
  return made?.by !== "fleet";
}

/** What kind of thing it is that stands above. */
export function caveat({ made }: Note): string {
  if (made?.by === "fleet") return "Each host has a bundle and a report of its own.";
  return made === undefined
    ? "These are readings, not a diagnosis."
    : "Kept as it was, but for secrets in text: they are masked.";
}

/** The id as a marker may hold it. Real ids pass unchanged. */
export function markerId(captureId: string): string {
  return captureId.replace(/[^A-Za-z0-9._-]/g, "_").slice(0, 200);
}

/** By which a note is known again, to people and to us: `exhibit:ID/STAGE`. */
export function markerOf(note: Note): string {
  return `exhibit:${markerId(note.captureId)}/${stageOf(note)}`;
}

/** The stages of all markers of a bundle in a text. */
export function stagesIn(text: string, captureId: string): readonly number[] {
  const id = markerId(captureId).replaceAll(".", String.raw`\.`);
  return Array.from(text.matchAll(new RegExp(`exhibit:${id}/(\\d)(?!\\w)`, "g")), ([, stage]) =>
    Number(stage),
  );
}

/** What a short second note says where the first cannot be changed: what the mitigation did, and where the bundle is. */
export function followUpLine(note: Note, leaf: Leaf): string {
  const told = note.made?.by === "fleet" ? note.made.counts : outcomeLine(note, leaf);
  return `Evidence from ${leaf.code(note.target, 80)}: ${told ?? "the bundle is uploaded"}`;
}

/** An address that may be a link: one of the web, and not too long. */
export function linkTarget(address: string, limit = 600): string | undefined {
  if (!/^https?:\/\//i.test(address) || address.length > limit || !URL.canParse(address)) return undefined;
  const { href } = new URL(address);
  return printable(href, limit) === href ? href : undefined;
}
