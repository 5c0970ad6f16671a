// What the threads do in the kernel: the second look when a process hangs, and the only one without elfutils.
import { errnoOf } from "../../errors.ts";
import { parseProcStat } from "../../parsers/proc-stat.ts";
import { parseWchan } from "../../parsers/wchan.ts";
import { printable, printableLines } from "../../printable.ts";
import type { CollectorContext } from "../collector.ts";

type Context = Pick<CollectorContext<{ readonly maxThreads: number }>, "process" | "options" | "save">;

const LIMIT_BYTES = 16_000;

/**
 * Saves, for each thread: id, name, state, wchan (the function it sleeps in), system call with its arguments, and the kernel
 * stack (proc(5)). The target runs meanwhile. Resolves with what could not be read, in words.
 */
export async function saveKernelStacks(context: Context, name: string): Promise<ReadonlySet<string>> {
  const { process, options, save } = context;
  const tids = (await process.list("task")).map(Number);
  const unread = new Set<string>();
  if (tids.length > options.maxThreads)
    unread.add(
      `the kernel stacks of ${tids.length - options.maxThreads} of ${tids.length} threads were not read`,
    );
  const threads: string[] = [];
  let stacks = 0;
  for (const tid of tids.slice(0, options.maxThreads)) {
    const read = async (file: string): Promise<string | undefined> => {
      try {
        return (await process.read(`task/${tid}/${file}`, LIMIT_BYTES)).toString("latin1").trimEnd();
      } catch (error) {
        const errno = errnoOf(error);
        if (errno === undefined) throw error;
        // ESRCH: it has ended since it was listed. ENOENT is that, too, or a kernel without the file.
        if (errno !== "ESRCH" && errno !== "ENOENT") unread.add(`the kernel's ${file} of threads: ${errno}`);
        return undefined;
      }
    };
    const stat = parseProcStat((await read("stat")) ?? "");
    if (stat === undefined) continue;
    const comm = printable(Buffer.from(stat.command, "latin1"), 64);
    const wchan = parseWchan((await read("wchan")) ?? "") ?? "-";
    const [call, stack] = [await read("syscall"), await read("stack")];
    if (stack !== undefined) stacks++;
    threads.push(
      `TID ${tid} (${comm}) state ${stat.state} wchan ${wchan} syscall ${printable(call ?? "unknown")}\n` +
        `${printableLines(stack ?? "stack unknown")}\n`,
    );
  }
  if (stacks === 0) unread.add("no thread's kernel stack could be read");
  await save(name, threads.join("\n"));
  return unread;
}
