// The event that a webhook gets: CloudEvents 1.0 in JSON (structured mode), below 20 KB. The same note gives the same
// bytes, so that a repeated post is the same event.
import { printable } from "../printable.ts";
import type { Note } from "./note.ts";
import { renderText } from "./render-text.ts";
import { formatCommand, formatInstant, markerId } from "./wording.ts";

const MAX_BYTES = 19_500;

/** Stays the same over every repetition: the receiver's key against doubles. */
export function eventId({ captureId, outcome, made }: Note): string {
  // A job that is gone on with ends once more, otherwise.
  if (made?.by === "fleet") return `${markerId(captureId)}.${made.counts.replace(/\W+/g, "-")}`;
  const withOutcome = outcome?.state === "ended" || outcome?.state === "not-run";
  return `${markerId(captureId)}.${withOutcome ? "outcome" : "sealed"}`;
}

function text(raw: string | undefined, limit = 300): string | undefined {
  return raw === undefined ? undefined : printable(raw, limit);
}

function outcomeData({ outcome }: Note) {
  if (outcome === undefined) return undefined;
  if (outcome.state === "not-run") return { state: outcome.state, reason: text(outcome.reason, 150) };
  const started = { state: outcome.state, startedAt: text(outcome.startedAt, 30) };
  if (outcome.state === "running") return started;
  const { durationMs, exitCode, signal } = outcome;
  return { ...started, durationMs, exitCode, signal: text(signal, 20) };
}

function hostsOf({ made }: Note) {
  if (made?.by !== "fleet") return undefined;
  return made.hosts.slice(0, 60).map(({ name, service, state, url, reason }) => ({
    name: printable(name, 60),
    service: printable(service, 40),
    state,
    url: text(url, 300),
    reason: text(reason, 120),
  }));
}

function dataOf(note: Note) {
  return {
    id: markerId(note.captureId),
    target: text(note.target, 80),
    host: text(note.host, 80),
    phase: note.phase,
    mitigation: note.mitigation && text(formatCommand(note.mitigation), 160),
    reason: text(note.reason),
    operator: text(note.operator, 40),
    state: note.state,
    stateReason: text(note.stateReason, 150),
    url: note.made?.by === "fleet" ? undefined : text(note.bundle.url, 600),
    hosts: hostsOf(note),
    uploaded: note.bundle.uploaded,
    bytes: note.bundle.bytes,
    manifestSha256: text(note.bundle.manifestSha256, 64),
    keptUntil: text(note.bundle.keptUntil, 30),
    report: text(note.report, 600),
    startedAt: text(note.startedAt, 30),
    finishedAt: text(note.finishedAt, 30),
    pausedMs: note.pausedMs,
    pausedFor: note.pausedFor.slice(0, 10).map((name) => printable(name, 40)),
    collectors: note.collectors,
    missing: note.missing.slice(0, 20).map(({ name, status, reason }) => ({
      name: printable(name, 40),
      status,
      reason: printable(reason, 100),
    })),
    readings: note.readings.map((reading) => ({
      text: printable(reading.text, 240),
      line: text(reading.line?.trim(), 200),
      file: printable(reading.file, 120),
    })),
    outcome: outcomeData(note),
    text: renderText(note),
  };
}

function shorter(note: Note): readonly object[] {
  const data = dataOf(note);
  const { text: _text, ...withoutText } = data;
  const { readings: _readings, missing: _missing, hosts: _hosts, ...facts } = withoutText;
  return [data, withoutText, facts];
}

/** The body of the request. Numbers that are not known are absent. */
export function renderEvent(note: Note, incident: string): string {
  const event = {
    specversion: "1.0",
    id: eventId(note),
    source: `exhibit://${encodeURIComponent(printable(note.host, 80)).replaceAll("%", "_")}`,
    type: note.made?.by === "fleet" ? "dev.exhibit.fleet.ended.v1" : "dev.exhibit.bundle.sealed.v1",
    subject: printable(incident, 200),
    time: formatInstant(printable(note.finishedAt, 30)),
    datacontenttype: "application/json",
  };
  let body = "";
  for (const data of shorter(note)) {
    body = JSON.stringify({ ...event, data });
    if (Buffer.byteLength(body) <= MAX_BYTES) return body;
  }
  return body;
}
