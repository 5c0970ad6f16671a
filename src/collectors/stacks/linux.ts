// The Linux half of the stacks collector: eu-stack for the program's side, /proc for the kernel's.
import { parseEuStack, parseUnwindErrors, type UnwindError } from "../../parsers/eu-stack.ts";
import { printable } from "../../printable.ts";
import type { CollectorContext, Reading } from "../collector.ts";
import { reasonNotToStop } from "../core/stuck-thread.ts";
import { saveKernelStacks } from "./kernel.ts";
import { fileOf, takeSamples } from "./samples.ts";

type Context = CollectorContext<{ readonly spacingMs: number; readonly maxThreads: number }>;

/** Kernel stacks are read first each time: a thread that a tracer holds has only the tracer's stop on its own. */
export async function sampleStacks(context: Context): Promise<readonly Reading[]> {
  const hasEuStack = await context.has("eu-stack");
  context.method(hasEuStack ? "eu-stack" : "proc");
  if (!hasEuStack)
    context.gap("eu-stack is not on this host, so there are only kernel stacks; apt-get install elfutils");
  // With such a thread eu-stack waits until its time is up, and gives nothing of the others.
  const stuck = hasEuStack ? await reasonNotToStop(context) : undefined;
  if (stuck !== undefined) context.gap(`there are only kernel stacks: ${stuck}`);
  const cut: UnwindError[] = [];
  const unread = new Set<string>();
  await takeSamples(context, async (number) => {
    for (const reason of await saveKernelStacks(context, `kernel-stacks.${number}.txt`)) unread.add(reason);
    if (!hasEuStack || stuck !== undefined) return;
    cut.push(...(await runEuStack(context, number)));
  });
  for (const reason of unread) context.gap(reason);
  for (const reason of new Set(cut.map((error) => error.reason))) {
    const threads = new Set(cut.filter((error) => error.reason === reason).map(({ tid }) => tid)).size;
    const whose = threads === 1 ? "the stack of 1 thread is" : `the stacks of ${threads} threads are`;
    context.gap(`${whose} cut short: ${printable(reason)}`);
  }
  return [];
}

/**
 * Status 1 means that some stack is cut short, the others are good; 2 that there are none at all (eu-stack --help).
 */
async function runEuStack({ run, target, gap }: Context, number: number): Promise<readonly UnwindError[]> {
  const command = { as: fileOf(number), accept: [1, 2], stopsTarget: true };
  const output = await run(["eu-stack", "-p", String(target.pid)], command);
  const threads = parseEuStack(output.stdout);
  if (threads.every(({ frames }) => frames.length === 0))
    gap(printable(output.stderr.trim().split("\n").at(-1) || `sample ${number} of eu-stack is empty`));
  return parseUnwindErrors(output.stderr);
}
