// The illumos half of the stacks collector.
import { parsePstack, parsePstackError } from "../../parsers/pstack.ts";
import type { CollectorContext, Reading } from "../collector.ts";
import { fileOf, takeSamples } from "./samples.ts";

/** pstack stops the whole process for each sample (proc(1), WARNINGS). */
export async function runPstack(
  context: CollectorContext<{ readonly spacingMs: number }>,
): Promise<readonly Reading[]> {
  context.method("pstack");
  await takeSamples(context, async (number) => {
    const command = { as: fileOf(number), stopsTarget: true };
    const output = await context.run(["pstack", String(context.target.pid)], command);
    const threads = parsePstack(output.stdout);
    const error = parsePstackError(output.stderr);
    if (error !== undefined) context.gap(`pstack: ${error}`);
    const silent = threads.filter(({ frames }) => frames.length === 0).length;
    // It prints nothing of a thread that the kernel holds, or that it cannot read.
    if (threads.length === 0) context.gap(`sample ${number} has no stack: where the threads are is unknown`);
    else if (silent > 0)
      context.gap(`sample ${number} has no stack of ${silent} of ${threads.length} threads`);
  });
  return [];
}
