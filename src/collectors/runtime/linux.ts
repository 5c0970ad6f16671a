// The Linux half of the runtime collector: the threads of any runtime from /proc, and beside them what its own way in gives.
import { UnsupportedError } from "../../errors.ts";
import type { CollectorContext, Reading, RuntimeName } from "../collector.ts";
import { observeDotnet } from "./dotnet.ts";
import { observeGo } from "./go.ts";
import { observeJvm } from "./jvm.ts";
import { observeFromOutside } from "./node-outside.ts";
import { observeNode } from "./node.ts";
import type { RuntimeOptions } from "./options.ts";
import { observePostgres } from "./postgres.ts";
import { observePython } from "./python.ts";
import { watchThreads } from "./threads.ts";
import type { Entered } from "./way.ts";

type Context = CollectorContext<RuntimeOptions>;
const PERIOD_MS = 1000;
/** Opening an inspector takes up to a second, and a budget is a promise. */
const SHORTEST_MS = 2000;

/** What is not here is left alone: no signal is ever sent to what we do not know. */
const WAYS: Partial<Record<RuntimeName, (context: Context) => Promise<Entered>>> = {
  dotnet: observeDotnet,
  go: observeGo,
  node: enterNode,
  jvm: observeJvm,
  postgres: observePostgres,
  python: observePython,
};

/** Throws UnsupportedError, with the threads saved, when nothing can be known of what the runtime does. */
export async function lookInside(context: Context): Promise<readonly Reading[]> {
  const { name } = context.target.runtime;
  context.method("proc");
  const threads = watchThreads(context);
  const enter = WAYS[name];
  let inside: Entered = { unsupported: `no way to look inside this runtime (${name})` };
  // The way in is a part of the window: what it takes is not added to it.
  for await (const { index, monotonicMs } of context.ticks(PERIOD_MS)) {
    await threads.look(monotonicMs);
    if (index === 0 && enter !== undefined) inside = await enter(context);
    else if ("drain" in inside) await inside.drain();
    if ("isOver" in inside && inside.isOver?.()) break;
  }
  const hint = await threads.end();
  if ("unsupported" in inside) throw new UnsupportedError(`${inside.unsupported}${hint}`);
  return inside.end(hint);
}

async function enterNode(context: Context): Promise<Entered> {
  const trace = context.watchTrace();
  const outside = (why: string) => observeFromOutside(context, trace, why);
  if (context.options.inspector === "never") return outside("the settings leave its inspector alone");
  if (context.windowMs < SHORTEST_MS)
    return outside(`a window of ${context.windowMs} ms is too short to go inside`);
  const answer = await context.inspect({ isClosedBetween: context.options.inspector === "peek" });
  if ("inspection" in answer) return observeNode(context, { inspection: answer.inspection, trace });
  if ("refused" in answer) return outside(answer.refused);
  await context.saveJson("inspector.json", { silentMs: answer.silentMs });
  return outside(
    `its main thread gave no answer for ${answer.silentMs} ms; should its inspector open within 30 s, it is closed by our relay, which stays, else by the next capture`,
  );
}
