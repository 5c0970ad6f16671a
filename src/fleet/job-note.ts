// The note of a job: one table of its hosts, what is not complete first. Pure; words are chosen in incident/.
import type { Note, NoteHost } from "../incident/note.ts";
import { targetName, type HostRecord, type Job } from "./job.ts";

/** What a person looks for first. */
const ORDER: readonly string[] = [
  "failed",
  "lost",
  "denied",
  "offline",
  "deadline",
  "busy",
  "expired",
  "partial",
  "not-started",
  "running",
  "waiting",
  "done",
];

/** As things stand; `now` is UTC, ISO 8601. */
export function noteOfJob(
  job: Job,
  records: ReadonlyMap<string, HostRecord>,
  how: { readonly isOver: boolean; readonly now: string; readonly host: string },
): Note {
  const hosts = job.hosts.map(({ name, service }): NoteHost => {
    const record = records.get(name);
    const reason = record?.reason ?? record?.answer;
    return {
      name,
      service,
      state: record === undefined ? "waiting" : record.state === "begun" ? "running" : record.state,
      url: record?.urls[0],
      reason,
    };
  });
  const counts = new Map<string, number>();
  for (const { state } of hosts) counts.set(state, (counts.get(state) ?? 0) + 1);
  const isWhole = hosts.every(({ state }) => state === "done");
  return {
    captureId: job.job,
    target: targetName(job.target),
    made: {
      by: "fleet",
      counts: [...counts].map(([state, count]) => `${count} ${state}`).join(", "),
      total: hosts.length,
      hosts: hosts.toSorted((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state)),
      isOver: how.isOver,
    },
    host: how.host,
    incidents: job.incidents,
    phase: job.do === "guard" ? "before" : "adhoc",
    mitigation: job.argv,
    reason: job.reason,
    operator: job.operator,
    state: isWhole ? "complete" : "partial",
    stateReason: undefined,
    answer: undefined,
    comparison: undefined,
    readings: [],
    // There is none of its own: each host has one.
    bundle: {
      url: "",
      uploaded: false,
      bytes: undefined,
      manifestSha256: undefined,
      keptUntil: undefined,
      sealing: [],
      fetch: undefined,
    },
    report: undefined,
    startedAt: job.startedAt,
    finishedAt: how.now,
    pausedMs: undefined,
    pausedFor: [],
    collectors: { ok: 0, total: 0 },
    missing: [],
    outcome: undefined,
  };
}
