// `pstack PID` on illumos: `PID:\tARGUMENTS`, then for each lwp a separator and its frames, ` ADDRESS SYMBOL (ARGS) + OFFSET`.
// The separator was `-----------------  lwp# N / thread# N  --------------------` and is `--------- thread# N / lwp# N [NAME] ---------`
// now; a process with one thread has none.
import type { Frame, ThreadStack } from "./stack.ts";

/** The lwps in the order printed; one that pstack says nothing about has no frames: unknown, not idle. */
export function parsePstack(text: string): ThreadStack[] {
  const threads: { tid: number; name: string | undefined; frames: Frame[] }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const separator = /^-{3,}\s(.*?)-{3,}$/.exec(line)?.[1];
    const lwp = /\blwp# (\d{1,10})\b/.exec(separator ?? "")?.[1];
    if (lwp !== undefined) {
      threads.push({ tid: Number(lwp), name: /[[(](.*)[\])]\s*$/.exec(separator ?? "")?.[1], frames: [] });
      continue;
    }
    const frame = parseFrame(line);
    if (frame === undefined) continue;
    if (threads.length === 0) threads.push({ tid: 1, name: undefined, frames: [] });
    threads.at(-1)?.frames.push(frame);
  }
  return threads;
}

function parseFrame(line: string): Frame | undefined {
  const [, address, rest = ""] = /^ ([0-9a-f]{8,16}) (\S.*)$/.exec(line) ?? [];
  if (address === undefined) return undefined;
  // A demangled name may hold brackets of its own: the arguments are in the last ones.
  const symbol = (/^(.*)\([^()]*\)(?: \+ [0-9a-f]+)?$/.exec(rest)?.[1] ?? rest).trim();
  return { address, symbol: /^\?+$/.test(symbol) ? undefined : symbol, line };
}

/** Why pstack could not look (`permission denied`, `process is traced`): from `pstack: cannot examine PID: REASON`. */
export function parsePstackError(stderr: string): string | undefined {
  return /^pstack: cannot examine .*?: (.{1,200})$/m.exec(stderr)?.[1];
}
