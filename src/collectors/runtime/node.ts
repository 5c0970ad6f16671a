// Node on Linux, seen from inside: requests, garbage collections and the event loop, by observers in the process itself.
import type { CollectorContext, Inspection, TraceWatch } from "../collector.ts";
import { joinSteps } from "./incremental-steps.ts";
import { METHOD, openNodeFiles, summarize, type NodeFiles } from "./node-files.ts";
import { Drained, Final, parseObserved } from "./observed.ts";
import type { Observation } from "./way.ts";

/** A main thread that is silent for so long is asked where it is. */
const SILENT_MS = 900;

/** Begins to observe; the runner takes the observers out again. */
export async function observeNode(
  context: CollectorContext<{ readonly cpuProfile: boolean }>,
  { inspection, trace }: { readonly inspection: Inspection; readonly trace: TraceWatch },
): Promise<Observation> {
  const { gap, saveJson, save, method, options } = context;
  method(METHOD);
  const files = await openNodeFiles(context);
  // A report waits for every worker thread, and would hang the process behind one that is in native code.
  const workers = await inspection.workers();
  if (workers.length > 0)
    gap(`${workers.length} worker threads were not looked into: what they do and collect is not counted`);
  else await saveReport(context, inspection);
  if (options.cpuProfile) await inspection.profile.start();

  const joined = joinSteps(trace);
  const add = async (drained: Drained) => {
    joined.add(drained.collections.collections);
    await files.add(drained);
  };
  const stacks: string[] = [];
  const drain = async () => {
    const drained = parseObserved(Drained, await inspection.drain());
    if (drained === undefined) throw new Error("the observers are gone from the target");
    await add(drained);
    if (drained.silentMs < SILENT_MS) return;
    const stack = await inspection.stack();
    if (typeof stack === "string" && stacks.length < 60) stacks.push(stack);
  };
  return {
    drain,
    end: async () => {
      await drain();
      if (options.cpuProfile) await saveJson("cpu.cpuprofile", await inspection.profile.stop());
      const final = parseObserved(Final, await inspection.stop());
      if (final === undefined) throw new Error("the observers are gone from the target");
      await add(final);
      await files.saveSnoop();
      if (joined.text() !== "") await save("gc-trace.txt", joined.text());
      if (stacks.length > 0) await save("blocked-stacks.txt", `${stacks.join("\n\n")}\n`);
      await saveJson(
        "summary.json",
        summarize(final, { ...counts(files), ...about(inspection), workers, steps: joined.steps() }),
      );
      tellLosses(context, final, files);
      return [];
    },
  };
}

const counts = (files: NodeFiles) => ({ listed: files.listed(), unlisted: files.onlyCounted() });

function about({ version, signalToListenMs, injectMs }: Inspection) {
  return { version, attach: { signal_to_listen_ms: signalToListenMs, inject_ms: injectMs } };
}

async function saveReport({ save, gap }: CollectorContext<unknown>, inspection: Inspection): Promise<void> {
  const report = await inspection.report();
  if (typeof report === "string") await save("report.json", report);
  else gap("no diagnostic report: this Node cannot leave the names of peers out");
}

function tellLosses({ gap }: CollectorContext<unknown>, final: Final, files: NodeFiles): void {
  const { untimed } = final.counted;
  if (!final.loop.hasTurned)
    gap("garbage collections are unknown: the event loop, which tells of them, did not come around");
  if (files.onlyCounted() > 0)
    gap(
      `${files.onlyCounted()} requests are in the counts and percentiles only, not one by one in http.jsonl`,
    );
  if (untimed > 0) gap(`${untimed} requests came while 20000 were in flight: they are not timed`);
  if (final.faults > 0) gap(`${final.faults} events could not be understood`);
}
