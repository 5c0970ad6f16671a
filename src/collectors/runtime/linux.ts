// The Linux half of the runtime collector: the threads of any runtime from /proc, and beside them what its own way in gives.
import { UnsupportedError } from "../../errors.ts";
import type { CollectorContext, Reading } from "../collector.ts";
import { observeNode, type Observation } from "./node.ts";
import type { RuntimeOptions } from "./options.ts";
import { watchThreads } from "./threads.ts";

type Context = CollectorContext<RuntimeOptions>;
const PERIOD_MS = 1000;

/** A way into one runtime: begun with the window, looked at each second. */
type Way = (context: Context) => Promise<Observation | { readonly unsupported: string }>;

const WAYS: Partial<Record<Context["target"]["runtime"]["name"], Way>> = { node: enterNode };

/** Throws UnsupportedError, with the threads saved, when nothing can be known of what the runtime does. */
export async function lookInside(context: Context): Promise<readonly Reading[]> {
  const { target } = context;
  context.method("proc");
  const threads = watchThreads(context);
  const enter = WAYS[target.runtime.name];
  let inside: Awaited<ReturnType<Way>> = {
    unsupported: `no way to look inside this runtime (${target.runtime.name})`,
  };
  // The way in is a part of the window: what it takes is not added to it.
  for await (const { index, monotonicMs } of context.ticks(PERIOD_MS)) {
    await threads.look(monotonicMs);
    if (index === 0 && enter !== undefined) inside = await enter(context);
    else if ("drain" in inside) await inside.drain();
  }
  await threads.end();
  if ("unsupported" in inside) throw new UnsupportedError(inside.unsupported);
  return inside.end();
}

async function enterNode(context: Context): Promise<Observation | { readonly unsupported: string }> {
  if (context.options.inspector === "never")
    return { unsupported: "GC share and requests: the settings leave the inspector alone" };
  const answer = await context.inspect();
  if ("inspection" in answer) return observeNode(context, answer.inspection);
  if ("refused" in answer) return { unsupported: `GC share and requests are unknown: ${answer.refused}` };
  return {
    unsupported: `GC share and requests are unknown: its main thread gave no answer for ${answer.silentMs} ms`,
  };
}
