// Node on Linux, seen from inside: requests, garbage collections and the event loop, by observers in the process itself.
import { tryAsk } from "../attempts.ts";
import type { CollectorContext } from "../collector.ts";
import type { Inspection, TraceWatch, Worker } from "../inspection.ts";
import { nodeChildren, tellChildren } from "./children.ts";
import { joinSteps } from "./incremental-steps.ts";
import { openNodeFiles, type NodeFiles } from "./node-files.ts";
import { METHOD, summarize, summarizeLost } from "./node-summary.ts";
import { Drained, Final, parseObserved } from "./observed.ts";
import type { Observation } from "./way.ts";

type Context = CollectorContext<{ readonly cpuProfile: boolean }>;

/** A main thread that is silent for so long is asked where it is. */
const SILENT_MS = 900;
const MOST_NAMED = 10;

/** Begins to observe; the runner takes the observers out again. */
export async function observeNode(
  context: Context,
  { inspection, trace }: { readonly inspection: Inspection; readonly trace: TraceWatch },
): Promise<Observation> {
  const { gap, saveJson, save, method, options } = context;
  method(METHOD);
  const began = performance.now();
  const files = await openNodeFiles(context);
  const withProfile = options.cpuProfile && inspection.away === undefined;
  if (options.cpuProfile && !withProfile)
    gap("no CPU profile: it ends with the connection (inspector: peek)");
  const ask = <T>(question: () => Promise<T>) => tryAsk(gap, question);
  const begin = async () => {
    const workers = await inspection.workers();
    if (workers.length > 0) tellWorkers(context, workers);
    // A report waits for every worker thread, and would hang the process behind one that is in native code.
    else await saveReport(context, inspection);
    if (withProfile) await inspection.profile.start();
    await inspection.away?.leave();
    return { workers };
  };
  const begun = await ask(begin);
  const children = await nodeChildren(context);
  if (children !== undefined) tellChildren(context, children);
  const about = { ...aboutOf(inspection), workers: begun?.workers, children };

  const joined = joinSteps(trace);
  const add = async (drained: Drained) => {
    joined.add(drained.collections.collections);
    await files.add(drained);
  };
  const stacks: string[] = [];
  let isLost = begun === undefined;
  let last = { windowMs: 0, silentMs: 0 };
  const drain = async () => {
    const answer = isLost ? undefined : await ask(async () => ({ text: await inspection.drain() }));
    if (answer === undefined) {
      isLost = true;
      return;
    }
    const drained = parseObserved(Drained, answer.text);
    if (drained === undefined) throw new Error("the observers are gone from the target");
    last = { windowMs: performance.now() - began, silentMs: drained.silentMs };
    await add(drained);
    if (drained.silentMs < SILENT_MS) return;
    const stack = await ask(inspection.stack);
    if (typeof stack === "string" && stacks.length < 60) stacks.push(stack);
  };
  const stop = async () => {
    if (withProfile) await saveJson("cpu.cpuprofile", await inspection.profile.stop());
    const final = parseObserved(Final, await inspection.stop());
    if (final === undefined) throw new Error("the observers are gone from the target");
    return final;
  };
  return {
    // Nobody can be asked while the inspector is closed.
    drain: inspection.away === undefined ? drain : async () => undefined,
    isOver: () => isLost,
    end: async () => {
      if (!isLost) await ask(async () => inspection.away?.comeBack());
      await drain();
      const final = isLost ? undefined : await ask(stop);
      if (final !== undefined) await add(final);
      await files.saveSnoop();
      if (joined.text() !== "") await save("gc-trace.txt", joined.text());
      if (stacks.length > 0) await save("blocked-stacks.txt", `${stacks.join("\n\n")}\n`);
      const known = { ...about, steps: joined.steps() };
      if (final !== undefined) {
        await saveJson("summary.json", summarize(final, files.told(), known));
        tellLosses(context, final, files);
      } else if (last.windowMs > 0) await saveJson("summary.json", summarizeLost(last, files.told(), known));
      return [];
    },
  };
}

function aboutOf({ version, signalToListenMs, injectMs }: Inspection) {
  return { version, attach: { signal_to_listen_ms: signalToListenMs, inject_ms: injectMs } };
}

function tellWorkers({ gap }: CollectorContext<unknown>, workers: readonly Worker[]): void {
  const names = workers.slice(0, MOST_NAMED).map(({ id, title, file }) => {
    const known = [title, file].filter(Boolean).join(" ");
    return known === "" ? id : `${id} (${known})`;
  });
  const more = workers.length > MOST_NAMED ? ` and ${workers.length - MOST_NAMED} more` : "";
  gap(
    `${workers.length} worker threads were not looked into, what they do and collect is not counted: ${names.join(", ")}${more}`,
  );
}

async function saveReport({ save, gap }: CollectorContext<unknown>, inspection: Inspection): Promise<void> {
  const report = await inspection.report();
  if (typeof report === "string") await save("report.json", report);
  else gap("no diagnostic report: this Node cannot leave the names of peers out");
}

function tellLosses({ gap }: CollectorContext<unknown>, final: Final, files: NodeFiles): void {
  const { untimed } = final.counted;
  const { onlyCounted } = files.told();
  if (!final.loop.hasTurned)
    gap("garbage collections are unknown: the event loop, which tells of them, did not come around");
  if (onlyCounted > 0)
    gap(`${onlyCounted} requests are in the counts and percentiles only, not one by one in http.jsonl`);
  if (untimed > 0) gap(`${untimed} requests came while 20000 were in flight: they are not timed`);
  if (final.faults > 0) gap(`${final.faults} events could not be understood`);
}
