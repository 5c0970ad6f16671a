// A job from its first host to its last. What must stay true: never more hosts at once than was said, nor more of one
// service; every host ends in exactly one state, which is in the ledger before it is told; what fails stops what has not
// begun, and nothing that has.
import pLimit from "p-limit";
import { messageOf } from "../errors.ts";
import { openDeadline } from "../host/deadline.ts";
import { isFailure, isOpen, type HostOutcome, type HostRecord, type Job } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import type { Plan, Wave } from "./plan.ts";
import type { FleetHost, Transport } from "./transport.ts";

/** What goes on, for a terminal or a log. */
export type FleetProgress =
  | { readonly kind: "wave"; readonly name: Wave["name"]; readonly hosts: number }
  | { readonly kind: "begun"; readonly host: FleetHost }
  | { readonly kind: "doing"; readonly host: FleetHost; readonly text: string }
  | { readonly kind: "ended"; readonly host: FleetHost; readonly record: HostRecord };

/** Asks one host; it knows what for. Never rejects for what one host does. */
export type Ask = (
  host: FleetHost,
  options: {
    readonly expiresInMs: number;
    readonly signal: AbortSignal;
    readonly progress: (text: string) => void;
  },
) => Promise<HostOutcome>;

export interface Running {
  readonly job: Job;
  readonly plan: Plan;
  readonly ledger: Ledger;
  readonly ask: Ask;
  readonly pausesHeldBy: Transport["pausesHeldBy"];
  /** Aborted by the first Ctrl-C: begin no more. */
  readonly beginNoMore: AbortSignal;
  /** Aborted by the second: stop those that run. */
  readonly stop: AbortSignal;
  readonly tell: (progress: FleetProgress) => void;
}

/** So many hosts may be the canary one after the other when they cannot be reached: that says nothing of the rest. */
const CANARIES = 3;

/** Runs a job to its end; the ledger has every host's state then. */
export async function runFleet(running: Running): Promise<void> {
  const { job, plan, ledger, tell } = running;
  const deadline = openDeadline(plan.limits.deadlineMs, running.stop);
  const endsAt = performance.now() + plan.limits.deadlineMs;
  const state: State = {
    running,
    deadline: deadline.signal,
    endsAt,
    failures: 0,
    ended: undefined,
    asked: new Set(),
  };
  for (const record of ledger.records.values())
    if (!isOpen(record) && isFailure(record.state)) state.failures++;
  const atMost = pLimit(plan.limits.atMost);
  const perService = new Map(
    job.hosts.map(({ service }) => [service, pLimit(plan.limits.pausesAtMost ?? 1)]),
  );
  const cap = running.pausesHeldBy === "controller" && plan.limits.pausesAtMost !== undefined;
  // The turn of the service comes first: hosts that wait for it must not hold the places of others.
  const inTurn = (host: FleetHost) => {
    const work = () => atMost(() => runHost(state, host));
    return cap ? (perService.get(host.service) ?? atMost)(work) : work();
  };
  for (const { name, hosts } of plan.waves) {
    const open = hosts.filter((host) => isOpen(ledger.records.get(host.name)));
    if (open.length === 0) continue;
    tell({ kind: "wave", name, hosts: open.length });
    if (name === "canary") await runCanary(state, open, inTurn);
    else await Promise.all(open.map(inTurn));
  }
  deadline.close();
}

interface State {
  readonly running: Running;
  readonly deadline: AbortSignal;
  readonly endsAt: number;
  failures: number;
  /** Why no more hosts are begun. */
  ended: string | undefined;
  /** In this run; each is asked once. */
  readonly asked: Set<string>;
}

/** One host alone; where it cannot be reached the next of all takes its place. None of them may fail. */
async function runCanary(
  state: State,
  canary: readonly FleetHost[],
  inTurn: (host: FleetHost) => Promise<HostRecord>,
): Promise<void> {
  const { plan, ledger } = state.running;
  const others = plan.waves.flatMap(({ hosts }) => hosts).filter((host) => !canary.includes(host));
  const candidates = [...canary, ...others.filter(({ name }) => isOpen(ledger.records.get(name)))];
  for (const host of candidates.slice(0, CANARIES)) {
    const { state: ended, reason } = await inTurn(host);
    if (ended === "done" || ended === "partial" || state.ended !== undefined) return;
    if (ended === "offline" || ended === "busy") continue;
    state.ended = `the canary ${host.name} ended as ${ended}${reason === undefined ? "" : `: ${reason}`}`;
    return;
  }
  state.ended ??= "no canary could be reached";
}

/** Why the turn of a host does not come any more. */
function endOf({ running, deadline, ended }: State): string | undefined {
  if (ended !== undefined) return ended;
  if (running.beginNoMore.aborted) return "the job was stopped before its turn";
  return deadline.aborted ? "the job's time was up before its turn" : undefined;
}

async function runHost(state: State, host: FleetHost): Promise<HostRecord> {
  const { ledger, tell, ask, plan } = state.running;
  const before = ledger.records.get(host.name);
  // The canary may have been one of a later wave.
  if (before !== undefined && state.asked.has(host.name)) return before;
  state.asked.add(host.name);
  const why = endOf(state);
  const wasAsked = before?.state === "begun" || before?.state === "lost";
  if (why !== undefined) {
    const outcome: HostOutcome = {
      state: wasAsked ? "lost" : "not-started",
      reason: wasAsked ? `it was asked before, and not again: ${why}` : why,
      captureIds: [],
      urls: [],
    };
    return finish(state, host, outcome);
  }
  await ledger.write({ host: host.name, state: "begun", at: now(), captureIds: [], urls: [] });
  tell({ kind: "begun", host });
  const start = performance.now();
  const outcome = await ask(host, {
    expiresInMs: Math.max(1, Math.round(state.endsAt - start)),
    signal: state.deadline,
    progress: (text) => tell({ kind: "doing", host, text }),
  }).catch((error: unknown): HostOutcome => ({
    // A fault of ours: whether something was begun there is not known.
    state: "lost",
    reason: messageOf(error),
    captureIds: [],
    urls: [],
  }));
  const record = await finish(state, host, settled(outcome, { wasAsked, state }), performance.now() - start);
  if (isFailure(record.state) && ++state.failures > plan.mayFail)
    state.ended ??= `${state.failures} hosts have failed`;
  return record;
}

/** What was asked before and cannot be reached now may have done it; what our deadline ended is called so. */
function settled(
  outcome: HostOutcome,
  { wasAsked, state }: { readonly wasAsked: boolean; readonly state: State },
): HostOutcome {
  const unknown = ["offline", "denied"].includes(outcome.state) && outcome.captureIds.length === 0;
  if (wasAsked && unknown)
    return { ...outcome, state: "lost", reason: `it was asked before, and now: ${outcome.reason ?? ""}` };
  const isOver = state.deadline.aborted && !state.running.stop.aborted;
  if (isOver && (outcome.state === "lost" || outcome.reason === "the job has ended"))
    return { ...outcome, state: "deadline", reason: `the job's time was up: ${outcome.reason ?? ""}` };
  return outcome;
}

async function finish(
  { running }: State,
  host: FleetHost,
  outcome: HostOutcome,
  durationMs?: number,
): Promise<HostRecord> {
  const record: HostRecord = {
    host: host.name,
    at: now(),
    ...outcome,
    captureIds: [...outcome.captureIds],
    urls: [...outcome.urls],
    ...(durationMs === undefined ? {} : { durationMs: Math.round(durationMs) }),
  };
  await running.ledger.write(record);
  running.tell({ kind: "ended", host, record });
  return record;
}

function now(): string {
  return new Date().toISOString();
}
