// What is told of a job before and after it: the plan, and how its hosts ended.
import { formatCommand } from "../bundle/subject.ts";
import type { HostState } from "../fleet/contract.ts";
import type { HostRecord, Job } from "../fleet/job.ts";
import { targetName } from "../fleet/job.ts";
import type { Plan } from "../fleet/plan.ts";
import { printable } from "../printable.ts";
import type { EndLine, PlanLine } from "./results/fleet.ts";

const NAMES_SHOWN = 8;

export function planLine(
  job: Job,
  { waves, mayFail }: Plan,
  pausesHeldBy: PlanLine["pausesHeldBy"],
): PlanLine {
  return {
    kind: "plan",
    job: job.job,
    do: job.do,
    transport: job.transport,
    pausesHeldBy,
    waves: waves.map(({ name, hosts }) => ({
      name,
      hosts: hosts.map((host) => ({ host: host.name, address: host.address, service: host.service })),
    })),
    atMost: job.atMost,
    ...(job.pausesAtMost === undefined ? {} : { pausesAtMost: job.pausesAtMost }),
    mayFail,
    deadlineMs: job.deadlineMs,
  };
}

function seconds(ms: number): string {
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}

/** Lines for stderr. */
export function planText(job: Job, { waves, mayFail }: Plan, heldBy: PlanLine["pausesHeldBy"]): string {
  const what = printable(targetName(job.target), 80);
  const then = job.argv === undefined ? "" : `, then there: ${printable(formatCommand(job.argv), 200)}`;
  const pauses =
    job.pausesAtMost === undefined
      ? "nothing is paused"
      : `at most ${job.pausesAtMost} of one service paused${job.do === "guard" ? " or restarted" : ""} at once${heldBy === "controller" ? ", held by this exhibit alone" : ""}`;
  return [
    `exhibit: ${job.do} ${what} on ${job.hosts.length} ${job.hosts.length === 1 ? "host" : "hosts"} by ${job.transport}${then}`,
    ...waves.map(
      ({ name, hosts }) => `  ${`${name}:`.padEnd(21)} ${namesOf(hosts.map((host) => host.name))}`,
    ),
    `  at most ${job.atMost} at once; ${pauses}`,
    `  ${job.do === "check" ? "" : "a canary that fails ends it; "}more than ${mayFail} failed end it; all within ${seconds(job.deadlineMs)}`,
    ...(job.incidents.length === 0 ? [] : [`  one note on ${printable(job.incidents.join(", "), 200)}`]),
  ].join("\n");
}

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).join(" ");
  return names.length > NAMES_SHOWN ? `${shown} and ${names.length - NAMES_SHOWN} more` : shown;
}

/** `8 done, 1 failed`. */
export function countText(states: EndLine["states"]): string {
  return Object.entries(states)
    .map(([state, count]) => `${count} ${state}`)
    .join(", ");
}

/** Hosts by state, in the order of the contract. */
export function countStates<State extends HostState | "online">(
  ended: readonly { readonly state: State }[],
): Partial<Record<State, number>> {
  const counts: Partial<Record<State, number>> = {};
  for (const { state } of ended) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** 0 all complete, 3 some partial, 6 some failed, 1 all failed. */
export function exitCodeOfStates(states: readonly string[], complete: string): number {
  const usable = states.filter((state) => state === complete || state === "partial").length;
  if (usable === 0) return 1;
  if (usable < states.length) return 6;
  return states.includes("partial") ? 3 : 0;
}

/** What of a job is told last. */
export function endOfJob(
  job: Job,
  records: ReadonlyMap<string, HostRecord>,
  more: { readonly ledger: string; readonly notes: readonly NonNullable<EndLine["notes"]>[number][] },
): { readonly line: EndLine; readonly text: string } {
  const ended = job.hosts.flatMap(({ name }) => {
    const record = records.get(name);
    return record === undefined || record.state === "begun" ? [] : [{ ...record, state: record.state }];
  });
  const states = countStates(ended);
  const exitCode = exitCodeOfStates(
    ended.map(({ state }) => state),
    "done",
  );
  const again = ended.some(({ state }) => !["done", "partial", "failed", "denied"].includes(state));
  const lines = [
    `exhibit: ${countText(states)} of ${job.hosts.length} ${job.hosts.length === 1 ? "host" : "hosts"}`,
    ...more.notes.map(
      (note) =>
        `  note    ${printable(note.incident)}: ${note.state}${note.where ? ` in ${printable(note.where, 300)}` : ""}${note.reason ? `: ${printable(note.reason, 200)}` : ""}`,
    ),
    ...(again ? [`  ask the others again with: exhibit fleet ${job.do} --resume ${job.job}`] : []),
  ];
  return {
    line: { kind: "end", job: job.job, states, exitCode, ...more, notes: [...more.notes] },
    text: lines.join("\n"),
  };
}
