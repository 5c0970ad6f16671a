// A Node process that nobody goes into. What V8 wrote about its collections tells the GC share all the same: it is read out of the
// process's memory, and nothing is done to it (inspector/trace-ring.ts). Requests and the event loop stay unknown.
import { UnsupportedError } from "../../errors.ts";
import { parseTracedCollection } from "../../parsers/v8-trace.ts";
import type { CollectorContext } from "../collector.ts";
import type { TracedLines, TraceWatch } from "../inspection.ts";
import { summarizeCollections } from "./incremental-steps.ts";
import type { Observation } from "./way.ts";

/** `METHOD` of a share that comes from V8's own lines alone. */
const METHOD = "v8-trace";
const MOST_LINES = 20_000;

/** Its end throws an UnsupportedError with the reason, the share saved where it is known. */
export function observeFromOutside(
  context: CollectorContext<unknown>,
  trace: TraceWatch,
  why: string,
): Observation {
  const began = performance.now();
  const lines: TracedLines["lines"][number][] = [];
  let breaks = 0;
  let unknown: string | undefined;
  const drain = async () => {
    const taken = trace.take();
    lines.push(...taken.lines.slice(0, MOST_LINES - lines.length));
    breaks += taken.breaks;
    unknown = taken.unknown;
  };
  return {
    drain,
    end: async (hint) => {
      await drain();
      const windowMs = performance.now() - began;
      trace.end();
      if (unknown !== undefined)
        throw new UnsupportedError(`GC share and requests are unknown: ${why}${hint}`);
      context.method(METHOD);
      if (lines.length > 0) await context.save("gc-trace.txt", lines.map(({ text }) => `${text}\n`).join(""));
      await context.saveJson("summary.json", summarizeLines(lines, { windowMs, breaks }));
      throw new UnsupportedError(
        `requests and the event loop are unknown: ${why}; the GC share is known, by V8's own lines about it`,
      );
    },
  };
}

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

/** summary.json: the share is at least that where lines may have come and gone between two looks. */
function summarizeLines(
  lines: TracedLines["lines"],
  { windowMs, breaks }: { readonly windowMs: number; readonly breaks: number },
) {
  const collections = lines.flatMap(({ text }) => parseTracedCollection(text) ?? []);
  const majors = collections.filter(({ isMajor }) => isMajor).length;
  const pauses = collections.map(({ pauseMs }) => pauseMs);
  const steps = {
    ms: sum(collections.map(({ stepsMs }) => stepsMs)),
    majors,
    known: majors,
    unknown: undefined,
  };
  const longestMs = pauses.reduce((longest, ms) => Math.max(longest, ms), 0);
  return {
    method: METHOD,
    window_ms: Math.round(windowMs),
    gc: summarizeCollections(
      { windowMs, count: pauses.length, pauseMs: sum(pauses), longestMs, otherMs: 0 },
      steps,
    ),
    gc_is_least: breaks > 0,
  };
}
