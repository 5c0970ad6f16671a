// Whether a core is what it seems. gdb's exit status is 0 after a full disk and after the death of the target, where the
// file even has its full size; so everything is looked at that could show it, and a doubt is a problem.
import type { GdbCoreOutput } from "../parsers/gdb-core.ts";
import type { CoreFile } from "./elf-core.ts";

export type TargetAfter = "alive" | "gone" | "unknown";

export interface CoreEvidence {
  readonly core: CoreFile;
  /** Thread ids of the target before and after; undefined when they could not be listed. */
  readonly threadsBefore: readonly number[] | undefined;
  readonly threadsAfter: readonly number[] | undefined;
  readonly targetAfter: TargetAfter;
}

/** What is wrong with the file itself, in words; none means that it is as long as its headers say and holds memory. */
export function fileProblems(core: CoreFile): string[] {
  const { sizeBytes, contents } = core;
  if (contents === undefined)
    return [`the file of ${sizeBytes} bytes has no complete headers of a 64-bit core`];
  const problems: string[] = [];
  if (sizeBytes < contents.neededBytes)
    problems.push(`the core ends at ${sizeBytes} bytes where its headers need ${contents.neededBytes}`);
  if (contents.memoryBytes === 0) problems.push("the core holds no memory");
  return problems;
}

/** Everything that keeps a core by gdb from being called complete, in words; none when it passed every check. */
export function coreProblems(evidence: CoreEvidence, gdb: GdbCoreOutput): string[] {
  const { core, targetAfter } = evidence;
  const problems = [...fileProblems(core), ...threadProblems(evidence)];
  for (const reason of gdb.writeErrors) problems.push(`gdb could not write all of it: ${reason}`);
  const [first] = gdb.unreadable;
  if (first !== undefined)
    problems.push(
      `gdb could not read ${gdb.unreadable.length} areas of memory, the first ${first.sizeBytes} bytes at ${first.address}`,
    );
  if (!gdb.saved) problems.push("gdb does not say that it saved the core");
  if (!gdb.detached) problems.push("gdb does not say that it let the target go");
  if (targetAfter === "gone")
    problems.push("the target ended while the core was taken, so parts of it may be empty");
  if (targetAfter === "unknown") problems.push("whether the target was alive to the end is unknown");
  return problems;
}

/** A thread that was there before and after must be in the core; others may have come or gone. */
function threadProblems({ core, threadsBefore, threadsAfter }: CoreEvidence): string[] {
  if (core.contents === undefined) return [];
  const { threadIds } = core.contents;
  if (threadIds === undefined) return ["the notes of the core could not be read: its threads are unknown"];
  if (threadIds.length === 0) return ["the core holds no thread"];
  if (threadsBefore === undefined || threadsAfter === undefined)
    return ["whether every thread is in the core is unknown: the target's threads could not be listed"];
  const after = new Set(threadsAfter);
  const inCore = new Set(threadIds);
  const lasting = threadsBefore.filter((id) => after.has(id));
  const missing = lasting.filter((id) => !inCore.has(id));
  return missing.length === 0
    ? []
    : [`${missing.length} of ${lasting.length} threads are not in the core, the first ${missing[0]}`];
}
