// A core by gdb, for where our own helper cannot: gdb takes it, and we look whether it did.
import { CoreRefusal } from "../../core/core-helper.ts";
import { coreProblems, type TargetAfter } from "../../core/core-check.ts";
import { readCoreFile } from "../../core/elf-core.ts";
import { gdbCoreArgv } from "../../core/gdb.ts";
import { executableOf, openLine } from "../../core/open-line.ts";
import { CommandError, UnsupportedError, errnoOf } from "../../errors.ts";
import { parseGdbCore } from "../../parsers/gdb-core.ts";
import { hasEnded, parseProcStat } from "../../parsers/proc-stat.ts";
import type { CollectorContext, Reading } from "../collector.ts";
import { reasonNotToStop } from "./stuck-thread.ts";
import type { Instead } from "./instead.ts";
import { coreReading } from "./readings.ts";

type Context = CollectorContext<unknown>;

/**
 * Stops the target while gdb writes its core. Anything that is doubtful about the core is a gap. `instead` are the methods
 * that were not taken, and why.
 */
export async function takeByGdb(context: Context, instead: readonly Instead[]): Promise<readonly Reading[]> {
  const { target } = context;
  if (!(await context.has("gdb"))) throw new UnsupportedError("gdb is not on this host; apt-get install gdb");
  const stuck = await reasonNotToStop(context);
  if (stuck !== undefined) throw new CoreRefusal(stuck);
  context.method("gdb");

  const executable = await context.process.link("exe").then(executableOf, unknown);
  const filter = await context.process.read("coredump_filter").then(String, unknown);
  const threadsBefore = await listThreads(context);
  const path = await context.reserve("core", "core");
  // Status 1 comes with a refusal, whose reason is in the output; 0 proves nothing.
  const command = { as: "gdb.txt", accept: [1], stopsTarget: true };
  const output = await context.run(gdbCoreArgv({ pid: target.pid, path }), command);
  const gdb = parseGdbCore(output.stdout, output.stderr);
  const threadsAfter = await listThreads(context);
  const targetAfter = await lookAgain(context, threadsAfter);
  const core = await readCoreFile(path);
  if (core === undefined) throw noCore(gdb.attachError ?? gdb.writeErrors[0], target.pid);

  const problems = [
    ...coreProblems({ core, threadsBefore, threadsAfter, targetAfter }, gdb),
    ...leavesOut(filter, target.pid),
  ];
  const { threadIds, ...contents } = core.contents ?? {};
  await context.saveJson("core.json", {
    method: "gdb",
    instead,
    file: "core",
    open: openLine(executable, "core"),
    executableDeleted: executable?.deleted,
    sizeBytes: core.sizeBytes,
    ...contents,
    threads: threadIds?.length,
    threadsBefore: threadsBefore?.length,
    threadsAfter: threadsAfter?.length,
    coredumpFilter: filter?.trim(),
    unreadableAreas: gdb.unreadable.slice(0, 1000),
    unreadableAreaCount: gdb.unreadable.length,
    targetAfter,
    complete: problems.length === 0,
    problems,
  });
  for (const problem of problems) context.gap(problem);
  return problems.length > 0
    ? []
    : [coreReading(core.sizeBytes, { method: "gdb", threads: threadIds?.length })];
}

function noCore(reason: string | undefined, pid: number): CommandError {
  const hint = reason === "Operation not permitted" ? { hint: "run as root, or with CAP_SYS_PTRACE" } : {};
  return new CommandError(`gdb: no core of process ${pid}: ${reason ?? "it does not say why"}`, hint);
}

const unknown = () => undefined;

/** Ids of the target's threads; unknown once it is gone. */
async function listThreads({ process }: Context): Promise<readonly number[] | undefined> {
  const names = await process.list("task").catch(unknown);
  return names?.map(Number);
}

/** Whether the process that was held before is still there: a file of its /proc folder cannot become another's. */
async function lookAgain(
  { process, target }: Context,
  threads: readonly number[] | undefined,
): Promise<TargetAfter> {
  try {
    const stat = parseProcStat((await process.read("stat")).toString("latin1"));
    if (stat === undefined) return "unknown";
    // The first thread may have ended long ago and stay a zombie while the others work (pthread_exit(3)).
    const ended = hasEnded(stat) && (threads?.length ?? 0) <= 1;
    return ended || stat.startTime !== target.startTime ? "gone" : "alive";
  } catch (error) {
    return errnoOf(error) === "ENOENT" || errnoOf(error) === "ESRCH" ? "gone" : "unknown";
  }
}

/** gdb obeys the target's filter; without bit 0 the heap is not in the core (core(5), "coredump_filter"). */
function leavesOut(filter: string | undefined, pid: number): string[] {
  const bits = /^[0-9a-f]{1,8}$/.test(filter?.trim() ?? "") ? Number.parseInt(filter ?? "", 16) : undefined;
  if (bits === undefined || (bits & 1) === 1) return [];
  return [
    `the target's coredump_filter (0x${bits.toString(16)}) leaves its private memory out of the core; with 0x33 in /proc/${pid}/coredump_filter it would be in it`,
  ];
}
