// What the helper needs to know of the target before anything is stopped, read while it runs.
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { ExhibitError } from "../../errors.ts";
import { parseProcStat, type ProcStat } from "../../parsers/proc-stat.ts";
import { parseProcStatus, type ProcStatus } from "../../parsers/proc-status.ts";
import { openSmapsParser, type AreaDetails } from "../../parsers/proc-maps.ts";
import { USUAL_FILTER } from "../elf/dump-rule.ts";
import type { ProcessFacts } from "../elf/note.ts";

export interface TargetFacts {
  readonly pid: number;
  readonly stat: ProcStat;
  readonly status: ProcStatus;
  readonly areas: readonly AreaDetails[];
  readonly filter: number;
  readonly facts: ProcessFacts;
}

/** Throws ExhibitError when the process is not the one that was meant, or may not be read. */
export function readTarget(pid: number, startTime: string): TargetFacts {
  const stat = parseProcStat(read(pid, "stat"));
  if (stat === undefined || stat.startTime !== startTime) throw new ExhibitError("the target has ended");
  if (stat.state === "Z" || stat.state === "X")
    throw new ExhibitError("the target has ended: it is a zombie");
  const status = parseProcStatus(read(pid, "status"));
  const filter = Number.parseInt(read(pid, "coredump_filter"), 16);
  return {
    pid,
    stat,
    status,
    areas: readSmaps(pid),
    filter: Number.isNaN(filter) ? USUAL_FILTER : filter,
    facts: {
      pid,
      parent: stat.parentPid,
      group: stat.processGroup ?? 0,
      session: stat.session ?? 0,
      state: stat.state,
      nice: stat.nice ?? 0,
      user: status.uid ?? 0,
      userGroup: status.gid ?? 0,
      command: stat.command,
      arguments: read(pid, "cmdline").replaceAll("\0", " ").trim(),
      auxiliaryVector: Buffer.from(read(pid, "auxv"), "latin1"),
    },
  };
}

/**
 * Throws ExhibitError when the process is no longer the one that was read: it has ended, or begun another program, whose
 * auxiliary vector would not belong to what is in memory now. For when it stands.
 */
export function assertUnchanged({ pid, stat, facts }: TargetFacts): void {
  if (parseProcStat(read(pid, "stat"))?.startTime !== stat.startTime)
    throw new ExhibitError("the target has ended");
  const auxiliaryVector = Buffer.from(read(pid, "auxv"), "latin1");
  // A zombie has none.
  if (auxiliaryVector.length === 0) throw new ExhibitError("the target has ended");
  if (!auxiliaryVector.equals(facts.auxiliaryVector))
    throw new ExhibitError("the target has begun another program");
}

export function read(pid: number, file: string): string {
  return readFileSync(`/proc/${pid}/${file}`, "latin1");
}

/** In pieces: a Node process of 4 GB has 10 MB of it. */
export function readSmaps(pid: number): AreaDetails[] {
  const file = openSync(`/proc/${pid}/smaps`, "r");
  try {
    const parser = openSmapsParser();
    const bytes = Buffer.allocUnsafe(64 * 1024);
    for (let got = readSync(file, bytes); got > 0; got = readSync(file, bytes))
      parser.push(bytes.toString("latin1", 0, got));
    return parser.end();
  } finally {
    closeSync(file);
  }
}
