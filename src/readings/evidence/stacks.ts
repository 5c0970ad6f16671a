// What the stacks collector saved: where each thread was, on the program's side and in the kernel, in three samples.
import { parseEuStack } from "../../parsers/eu-stack.ts";
import { parseKernelStacks, type KernelWait } from "../../parsers/kernel-stacks.ts";
import { parsePstack } from "../../parsers/pstack.ts";
import type { ThreadStack } from "../../parsers/stack.ts";
import type { CollectorFiles } from "./files.ts";

export interface StackSample {
  /** All of them, in the order of the tool; none when it gave none. Parsed when it is asked for: most ask for one thread. */
  readonly threads: () => readonly ThreadStack[];
  readonly stackOf: (tid: number) => ThreadStack | undefined;
  readonly file: string;
  /** What each thread waited for in the kernel; none when that is not known. */
  readonly waits: () => readonly KernelWait[];
  readonly waitsFile: string;
}

export interface StackEvidence {
  readonly samples: readonly StackSample[];
  /** `eu-stack`, `pstack`. */
  readonly method: string;
}

const SAMPLES = [1, 2, 3];

export async function readStacks({ text, path }: CollectorFiles): Promise<StackEvidence | undefined> {
  const samples = await Promise.all(
    SAMPLES.map(async (number) => {
      const [file, waitsFile] = [`stacks.${number}.txt`, `kernel-stacks.${number}.txt`];
      const [stacks, waits] = await Promise.all([text(file), text(waitsFile)]);
      return stacks === undefined && waits === undefined ? [] : [{ stacks, waits, file, waitsFile }];
    }),
  );
  const found = samples.flat();
  if (found.length === 0) return undefined;
  // Only eu-stack's threads are called TID.
  const isEuStack = found.some(({ stacks }) => /^TID \d/m.test(stacks ?? ""));
  return {
    method: isEuStack ? "eu-stack" : "pstack",
    samples: found.map(({ stacks = "", waits = "", file, waitsFile }) => {
      const threads = once(() => (isEuStack ? parseEuStack(stacks) : parsePstack(stacks)));
      return {
        threads,
        stackOf: (tid) =>
          isEuStack ? parseEuStack(blockOf(stacks, tid))[0] : threads().find((one) => one.tid === tid),
        file: path(file),
        waits: once(() => parseKernelStacks(waits)),
        waitsFile: path(waitsFile),
      };
    }),
  };
}

/** The lines of one thread in eu-stack's output. */
function blockOf(stacks: string, tid: number): string {
  const head = `TID ${tid}:\n`;
  const begin = stacks.startsWith(head) ? 0 : stacks.indexOf(`\n${head}`) + 1;
  if (begin === 0 && !stacks.startsWith(head)) return "";
  const end = stacks.indexOf("\nTID ", begin);
  return stacks.slice(begin, end === -1 ? undefined : end);
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}
