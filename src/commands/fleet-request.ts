// From flags and settings to a job and its plan; everything that can be wrong is found before a host is connected to.
import { randomBytes } from "node:crypto";
import { chooseCollectors } from "../capture/choose.ts";
import { profiles } from "../collectors/profiles.ts";
import { UsageError } from "../errors.ts";
import type { AskedTarget } from "../fleet/contract.ts";
import type { Job } from "../fleet/job.ts";
import { parseFailureLimit, planOf, type Plan } from "../fleet/plan.ts";
import type { FleetHost } from "../fleet/transport.ts";
import { readOperator } from "../host/host-facts.ts";
import { printable } from "../printable.ts";
import { Peer } from "../settings.ts";
import type { LoadedSettings } from "../settings-files.ts";
import { readBudget, readDuration } from "./capture-request.ts";
import type { CommandContext } from "./command.ts";
import type { FleetOptions } from "./fleet-options.ts";
import { chooseTransport } from "./fleet-transport.ts";

const AT_MOST = { usual: 10, most: 50 };
const DEADLINE = { usualMs: 600_000, mostMs: 86_400_000 };

/** Throws UsageError for a flag that is wrong. */
export function readJob(
  context: Pick<CommandContext<FleetOptions>, "options" | "positionals" | "argv">,
  loaded: LoadedSettings,
  hosts: readonly FleetHost[],
): Job {
  const { options, positionals, argv } = context;
  const action = actionOf(positionals[0]);
  const budgetMs = readBudget(options, loaded);
  const maxPauseMs = maxPauseOf(options, loaded);
  const stopAfter = parseFailureLimit(options.stopAfter ?? "10%");
  if (stopAfter === undefined)
    throw new UsageError(
      `--stop-after ${printable(options.stopAfter ?? "")}: expected a number or a share: 3 or 10%`,
    );
  for (const peer of options.connectedTo)
    if (!Peer.safeParse(peer).success)
      throw new UsageError(`--connected-to ${printable(peer)}: expected HOST:PORT`);
  const pauses = action === "guard" || (action === "capture" && maxPauseMs > 0);
  const operator = readOperator();
  return {
    job: newJobId(),
    do: action,
    transport: chooseTransport(options, loaded.settings, action),
    startedAt: new Date().toISOString(),
    operator: operator.sudoUser ?? operator.user,
    hosts: [...hosts],
    target: targetOf(positionals[1], options.match),
    atMost: readCount("--at-most", options.atMost ?? String(AT_MOST.usual), AT_MOST.most),
    ...(pauses ? { pausesAtMost: readCount("--pauses-at-most", options.pausesAtMost ?? "1", 1000) } : {}),
    stopAfter,
    deadlineMs: readDeadline(options.deadline),
    budgetMs,
    maxPauseMs,
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(options.reason === undefined ? {} : { reason: printable(options.reason, 2000) }),
    incidents: options.incident.map((incident) => printable(incident, 500)),
    ...(action === "guard" ? { argv: [...argv] } : {}),
    ...(action === "check" ? { connectedTo: [...options.connectedTo] } : {}),
  };
}

function actionOf(word: string | undefined): Job["do"] {
  return word === "guard" || word === "check" ? word : "capture";
}

/** 0 where nothing of the profile stops anything: then it is asked for nothing that does, and no pause is counted. */
function maxPauseOf(options: FleetOptions, { settings }: LoadedSettings): number {
  const limit =
    options.maxPause === undefined
      ? settings.capture.maxPause
      : readDuration("--max-pause", options.maxPause);
  return limit > 0 && mayStop(options.profile, settings) ? limit : 0;
}

/** A profile that only the hosts know is taken for one that does. */
function mayStop(profile: string | undefined, settings: LoadedSettings["settings"]): boolean {
  if (profile !== undefined && !(profile in settings.profiles) && !(profile in profiles)) return true;
  const platform = process.platform === "sunos" ? "illumos" : "linux";
  const { choices } = chooseCollectors(settings, { profile });
  return choices.some(({ collector }) =>
    ["brief", "stop"].includes(collector.platforms[platform]?.touch ?? "none"),
  );
}

/** What the plan of a job is, also of one that is gone on with. */
export function planOfJob(job: Job): Plan {
  const limits = {
    atMost: job.atMost,
    pausesAtMost: job.pausesAtMost,
    stopAfter: job.stopAfter,
    deadlineMs: job.deadlineMs,
  };
  return planOf(job.hosts, limits, job.do !== "check");
}

function newJobId(): string {
  const at = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  return `${at}-${randomBytes(3).toString("hex")}`;
}

function targetOf(word: string | undefined, match: string | undefined): AskedTarget {
  if (match !== undefined) return { match };
  if (word === undefined) throw new UsageError("which target? a UNIT, container:ID or --match REGEX");
  return word.startsWith("container:") ? { container: word.slice("container:".length) } : { unit: word };
}

function readCount(flag: string, text: string, most: number): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) throw new UsageError(`${flag} ${printable(text)}: expected 1 to ${most}`);
  return value;
}

function readDeadline(text: string | undefined): number {
  const value = text === undefined ? DEADLINE.usualMs : readDuration("--deadline", text);
  if (value < 1000 || value > DEADLINE.mostMs) throw new UsageError(`--deadline ${text}: expected 1s to 24h`);
  return value;
}
