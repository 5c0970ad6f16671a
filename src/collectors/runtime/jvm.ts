// A JVM on Linux: its counters by jstat, which maps a file that the JVM keeps anyway, and two questions by jcmd. Nothing here
// forces a collection: GC.class_histogram and heap dumps do, so they are not asked for. The JDK's tools look themselves
// whether the JVM takes the signal that they send (checkCatchesAndSendQuitTo of sun.tools.attach).
import { parseJstat, type JstatRow } from "../../parsers/jstat.ts";
import { tryRun } from "../attempts.ts";
import type { CollectorContext } from "../collector.ts";
import { findJvmTools, type JvmTool } from "./jvm-tools.ts";
import { isStopped } from "./run-as.ts";
import type { Entered } from "./way.ts";

const METHOD = "jstat";
const FILE = "jstat.txt";

export async function observeJvm(context: CollectorContext<unknown>): Promise<Entered> {
  const { windowMs, gap } = context;
  const { jstat, jcmd } = await findJvmTools(context);
  if (jstat === undefined)
    return { unsupported: "GC share is unknown: jstat, a part of the JDK, is not on this host" };
  const run = ({ words, pid }: JvmTool, ask: (pid: string) => readonly string[], file: string) =>
    tryRun(context, [...words, ...ask(pid)], { as: file });
  // By rows, not by time: jstat is a JVM that needs up to seconds to start on a busy host, and one row tells no share.
  const wanted = Math.max(2, Math.ceil((windowMs - 300) / 1000));
  const counters = run(jstat, (pid) => ["-gcutil", "-t", pid, "1000", String(wanted)], FILE);
  if (await isStopped(context)) gap("its threads were not asked for: it is stopped");
  else if (jcmd === undefined)
    gap(
      "its threads were not asked for: that needs jcmd, and where its /tmp is another than ours nsenter, and that it is not root's",
    );
  else {
    // One after another: each is a stop of milliseconds for the JVM.
    await run(jcmd, (pid) => [pid, "Thread.print"], "threads.txt");
    await run(jcmd, (pid) => [pid, "GC.heap_info"], "heap.txt");
  }
  return {
    drain: async () => undefined,
    end: async () => {
      tellUnknown(parseJstat((await counters)?.stdout ?? ""), context);
      return [];
    },
  };
}

/** Whether jstat saw enough for the rules to tell a share. */
function tellUnknown(rows: readonly JstatRow[], { gap, method }: CollectorContext<unknown>): void {
  const [first, last] = [rows[0], rows.at(-1)];
  const windowMs = first && last ? (last.atSeconds - first.atSeconds) * 1000 : 0;
  if (windowMs < 500) gap("GC share is unknown: jstat gave no two rows");
  else method(METHOD);
}
