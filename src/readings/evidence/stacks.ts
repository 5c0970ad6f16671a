// What the stacks collector saved: where each thread was, on the program's side and in the kernel, in three samples.
import { parseEuStack } from "../../parsers/eu-stack.ts";
import { parseKernelStacks, type KernelWait } from "../../parsers/kernel-stacks.ts";
import { parsePstack } from "../../parsers/pstack.ts";
import type { ThreadStack } from "../../parsers/stack.ts";
import type { CollectorFiles } from "./files.ts";

export interface StackSample {
  /** In the order of the tool; empty when it gave none. */
  readonly threads: readonly ThreadStack[];
  readonly file: string;
  /** What each thread waited for in the kernel; empty when that is not known. */
  readonly waits: readonly KernelWait[];
  readonly waitsFile: string;
}

export interface StackEvidence {
  readonly samples: readonly StackSample[];
  /** `eu-stack`, `pstack`. */
  readonly method: string;
}

const SAMPLES = [1, 2, 3];
/** Of a sample: some 700 threads. The main one comes first. */
const MOST_CHARACTERS = 1024 ** 2;

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
  const parse = isEuStack ? parseEuStack : parsePstack;
  return {
    method: isEuStack ? "eu-stack" : "pstack",
    samples: found.map(({ stacks, waits, file, waitsFile }) => ({
      threads: parse((stacks ?? "").slice(0, MOST_CHARACTERS)),
      file: path(file),
      waits: parseKernelStacks((waits ?? "").slice(0, MOST_CHARACTERS)),
      waitsFile: path(waitsFile),
    })),
  };
}
