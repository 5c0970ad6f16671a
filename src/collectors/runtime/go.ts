// Go on Linux: its own pprof, where net/http/pprof is a part of the program and one of its own listeners answers. Each request
// has two seconds. Never a signal: SIGQUIT ends a Go program although it catches it. heap?debug=1 collects nothing (only
// gc=1 would); both profiles stop the program for well below a millisecond.
import {
  parseGoMemory,
  parseGoroutines,
  pausesBetween,
  type GoMemory,
  type GoroutineProfile,
} from "../../parsers/pprof.ts";
import { printable } from "../../printable.ts";
import { answerTo, tryRun } from "../attempts.ts";
import type { CollectorContext, Reading } from "../collector.ts";
import { enterNetwork, listenersOf } from "./listeners.ts";
import type { Entered } from "./way.ts";

type Context = CollectorContext<unknown>;
const METHOD = "pprof";
const MAX_LISTENERS = 4;
const EXECUTABLE_LIMIT_BYTES = 128 * 1024 ** 2;
/** Stands in the table of functions, which strip(1) leaves alone. */
const HANDLER = "net/http/pprof.Index";
const ANSWER_LIMIT_BYTES = 8 * 1024 ** 2;
/** curl(1) ends below 100: not HTTP, refused, 404, too slow, too long. */
const CURL_FAILURES = Array.from({ length: 99 }, (_, index) => index + 1);

const unknown = (why: string) => ({ unsupported: `what its goroutines do is unknown: ${why}` });

export async function observeGo(context: Context): Promise<Entered> {
  if (!(await context.has("curl"))) return unknown("curl, which asks its pprof, is not on this host");
  const program = await answerTo(context.process.read("exe", EXECUTABLE_LIMIT_BYTES));
  if (!("value" in program) || !program.value.includes(HANDLER))
    return unknown("no net/http/pprof is seen in the program, and a signal would end it");
  const network = await enterNetwork(context);
  if (network === undefined) return unknown("its network namespace cannot be read");
  const listeners = (await listenersOf(context)).slice(0, MAX_LISTENERS);
  for (const [index, address] of listeners.entries()) {
    const file = `goroutines-${index + 1}.txt`;
    const text = await ask(context, { network, address, path: "goroutine?debug=1", file });
    const goroutines = parseGoroutines(text);
    if (goroutines !== undefined) return observe(context, { network, address, goroutines, file });
  }
  return unknown(`its pprof answers on none of ${listeners.length} listeners, and a signal would end it`);
}

interface Found {
  readonly network: readonly string[];
  readonly address: string;
  readonly goroutines: GoroutineProfile;
  readonly file: string;
}

async function observe(context: Context, found: Found): Promise<Entered> {
  const heap = async (file: string) => {
    const text = await ask(context, { ...found, path: "heap?debug=1", file });
    return { memory: parseGoMemory(text), atMs: performance.now() };
  };
  const first = await heap("heap-first.txt");
  return {
    drain: async () => undefined,
    end: async () => {
      context.method(METHOD);
      const last = await heap("heap-last.txt");
      const readings = [describeGoroutines(found)];
      if (first.memory === undefined || last.memory === undefined)
        context.gap("its heap profile is not whole");
      else readings.push(...describePauses(context, [first.memory, last.memory], last.atMs - first.atMs));
      return readings;
    },
  };
}

interface Question {
  readonly network: readonly string[];
  readonly address: string;
  readonly path: string;
  readonly file: string;
}

/** "" when it gives no answer. `-q` must stand first: no curlrc of anybody; no proxy, and no redirect is followed. */
async function ask(context: Context, { network, address, path, file }: Question): Promise<string> {
  const limits = ["--max-time", "2", "--max-filesize", String(ANSWER_LIMIT_BYTES)];
  const url = `http://${address}/debug/pprof/${path}`;
  const words = [...network, "curl", "-q", "-sS", "-f", "-g", "--noproxy", "*", ...limits, url];
  const [command = "curl", ...rest] = words;
  return (await tryRun(context, [command, ...rest], { as: file, accept: CURL_FAILURES }))?.stdout ?? "";
}

function describeGoroutines({ goroutines, file }: Found): Reading {
  const { total, stacks } = goroutines;
  const most = stacks.toSorted((a, b) => b.count - a.count)[0];
  const place = most?.functions.find((name) => !name.startsWith("runtime.")) ?? most?.functions[0];
  const where =
    most === undefined || place === undefined
      ? ""
      : `; ${most.count} have the same stack, in ${printable(place, 200)}`;
  return {
    id: "goroutines",
    text: `${total} goroutines${where}.`,
    value: total,
    unit: "count",
    method: METHOD,
    ...(most === undefined ? {} : { line: most.line }),
    file,
  };
}

function describePauses(
  { gap }: Context,
  [first, last]: readonly [GoMemory, GoMemory],
  windowMs: number,
): readonly Reading[] {
  const pauses = pausesBetween(first, last);
  if (pauses === undefined) {
    gap("it collected more often in the window than its ring of pauses holds: their sum is unknown");
    return [];
  }
  if (windowMs < 500) return [];
  const totalMs = pauses.reduce((sum, ns) => sum + ns, 0) / 1e6;
  const percent = Math.round((totalMs / windowMs) * 10_000) / 100;
  const seconds = Math.round(windowMs / 100) / 10;
  return [
    {
      id: "gc-pauses",
      text: `Go stopped for garbage collection ${pauses.length} times in ${seconds} s, ${percent}% of the time; what it collects beside the program is not in it.`,
      value: percent,
      unit: "percent",
      windowMs: Math.round(windowMs),
      method: METHOD,
      line: last.line,
      file: "heap-last.txt",
    },
  ];
}
