// process.json: the facts of /proc/PID under names that need no manual page. What is unknown is absent, never 0.
import type { Limit } from "../../parsers/proc-limits.ts";
import { TICKS_PER_SECOND, type ProcStat } from "../../parsers/proc-stat.ts";
import type { ProcStatus } from "../../parsers/proc-status.ts";
import { printable } from "../../printable.ts";

export interface ProcessFacts {
  readonly status: ProcStatus;
  readonly stat: ProcStat | undefined;
  readonly limits: ReadonlyMap<string, Limit>;
  /** `exe`, `cwd`, `root`: printable. */
  readonly links: ReadonlyMap<string, string>;
  /** The files as they were read, by their path below /proc/PID. */
  readonly texts: ReadonlyMap<string, string>;
  readonly buildId: string | undefined;
  readonly uptimeText: string | undefined;
}

const DELETED = " (deleted)";

/** The path of the executable, and whether that file has been removed or replaced since it was started. */
export function executableOf(links: ProcessFacts["links"]) {
  const link = links.get("exe");
  if (link === undefined) return undefined;
  const isDeleted = link.endsWith(DELETED);
  return { path: isDeleted ? link.slice(0, -DELETED.length) : link, isDeleted };
}

/** The document of process.json. */
export function describeProcess(facts: ProcessFacts): Record<string, unknown> {
  const { status, stat, limits, links, texts } = facts;
  const { lines: _lines, name, ...said } = status;
  const executable = executableOf(links);
  const wchan = texts.get("wchan")?.trim();
  return {
    pid: stat?.pid,
    command: stat === undefined ? name : printable(stat.command),
    ...said,
    processGroup: stat?.processGroup,
    session: stat?.session,
    nice: stat?.nice,
    startTime: stat?.startTime,
    ageSeconds: ageSeconds(facts),
    userSeconds: seconds(stat?.userTicks),
    systemSeconds: seconds(stat?.systemTicks),
    minorFaults: stat?.minorFaults,
    majorFaults: stat?.majorFaults,
    blockIoSeconds: seconds(stat?.blockIoTicks),
    // 0 means that it waits for nothing, or that we may not know.
    waitsIn: wchan === "0" || wchan === "" ? undefined : wchan,
    oomScore: integer(texts.get("oom_score")),
    oomScoreAdjustment: integer(texts.get("oom_score_adj")),
    limits: Object.fromEntries([...limits].map(([key, { soft, hard, unit }]) => [key, { soft, hard, unit }])),
    controlGroups: texts.get("cgroup")?.trim().split("\n"),
    io: pairs(texts.get("io")),
    executable: executable?.path,
    executableDeleted: executable?.isDeleted,
    executableBuildId: facts.buildId,
    workingDirectory: links.get("cwd"),
    rootDirectory: links.get("root"),
  };
}

/** /proc/uptime counts from the same boot as the start time. */
function ageSeconds({ stat, uptimeText }: ProcessFacts): number | undefined {
  const uptime = /^\d{1,12}(?:\.\d+)?/.exec(uptimeText ?? "")?.[0];
  if (stat === undefined || uptime === undefined) return undefined;
  const age = Number(uptime) - Number(stat.startTime) / TICKS_PER_SECOND;
  return age >= 0 ? Math.round(age) : undefined;
}

function seconds(ticks: number | undefined): number | undefined {
  return ticks === undefined ? undefined : ticks / TICKS_PER_SECOND;
}

function integer(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? "";
  return /^-?\d{1,9}$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** `name: number` lines, as in /proc/PID/io. */
function pairs(text: string | undefined): Record<string, number> | undefined {
  if (text === undefined) return undefined;
  const found = [...text.matchAll(/^(\w+): (\d{1,15})$/gm)];
  return Object.fromEntries(found.map(([, key, value]) => [key, Number(value)]));
}
