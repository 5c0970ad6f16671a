// Python on Linux: the stacks of its threads by py-spy, which with --nonblocking reads the memory of the process from outside and
// never stops it; a stack may then be torn, so it is taken at both ends of the window. No signal: Python dies of SIGUSR1.
// The remote debugging of 3.14 (PEP 768) would run code of ours in the process, and is not used.
import { parsePySpy, type PythonThread } from "../../parsers/py-spy.ts";
import { printable } from "../../printable.ts";
import { tryRun } from "../attempts.ts";
import type { CollectorContext, Reading } from "../collector.ts";
import type { Entered } from "./way.ts";

const METHOD = "py-spy";
const FIRST = "py-spy-first.txt";
const LAST = "py-spy-last.txt";

export async function observePython(context: CollectorContext<unknown>): Promise<Entered> {
  if (!(await context.has("py-spy")))
    return {
      unsupported:
        "what its code does is unknown: py-spy is not on this host; the collector stacks has its native stacks",
    };
  const dump = async (as: string) => {
    // Without -l: local variables are data of people.
    const argv = ["py-spy", "dump", "--nonblocking", "--pid", String(context.target.pid)] as const;
    return parsePySpy((await tryRun(context, argv, { as }))?.stdout ?? "");
  };
  const first = await dump(FIRST);
  if (first.length === 0)
    return {
      unsupported:
        "what its code does is unknown: py-spy could not read it; the collector stacks has its native stacks",
    };
  return {
    drain: async () => undefined,
    end: async () => readingsOf(first, await dump(LAST), context),
  };
}

function readingsOf(
  first: readonly PythonThread[],
  last: readonly PythonThread[],
  { method, gap }: CollectorContext<unknown>,
): readonly Reading[] {
  method(METHOD);
  if (last.length === 0) gap("py-spy could read it only once");
  const looked = last.length === 0 ? first : last;
  const busy = looked.filter(({ isIdle }) => !isIdle).length;
  const main = looked.find(({ name }) => name === "MainThread");
  const top = main?.frames[0];
  const before = first.find(({ name }) => name === "MainThread")?.frames[0];
  const stays = last.length > 0 && before === top ? " at both ends of the window" : "";
  const where = top === undefined ? "" : `; the main thread is in ${printable(top, 200)}${stays}`;
  return [
    {
      id: "python-threads",
      text: `${looked.length} Python threads, ${busy} of them running${where}.`,
      value: busy,
      unit: "count",
      method: METHOD,
      ...(main === undefined ? {} : { line: main.line }),
      file: last.length === 0 ? FIRST : LAST,
    },
  ];
}
