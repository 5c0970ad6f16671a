// `eu-stack -p PID` of elfutils: `PID n - process`, then for each thread `TID n:` and its frames, `#0  0xADDRESS SYMBOL`.
// A frame without a symbol is of generated or stripped code.
import type { Frame, ThreadStack } from "./stack.ts";

/** The threads in the order in which eu-stack stopped them: one after the other, so not at one instant. */
export function parseEuStack(text: string): ThreadStack[] {
  const threads: { tid: number; frames: Frame[] }[] = [];
  for (const line of text.split("\n")) {
    const tid = /^TID (\d{1,10}):$/.exec(line)?.[1];
    if (tid !== undefined) threads.push({ tid: Number(tid), frames: [] });
    const [, address, symbol] = /^#\d+\s+(0x[0-9a-f]{1,16})(?: - \d)?(?:\s+(\S.*))?$/.exec(line) ?? [];
    if (address !== undefined) threads.at(-1)?.frames.push({ address, symbol, line });
  }
  return threads;
}

export interface UnwindError {
  readonly tid: number;
  readonly reason: string;
}

/** From stderr: whose stack is cut short, and why. Such errors come with exit status 1 and stacks that are good otherwise. */
export function parseUnwindErrors(stderr: string): UnwindError[] {
  return stderr.split("\n").flatMap((line) => {
    const [, tid, reason] = /^eu-stack: .*?\btid (\d{1,10})\b.*: ([^:]{1,200})$/.exec(line) ?? [];
    return tid === undefined || reason === undefined ? [] : [{ tid: Number(tid), reason }];
  });
}
