// One question on the terminal, answered with y or n; anything but y is no.
import { createInterface } from "node:readline/promises";
import type { CommandContext } from "./command.ts";

export async function ask(context: CommandContext<unknown>, question: string): Promise<boolean> {
  const terminal = createInterface({ input: context.stdin(), output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await terminal.question(`exhibit: ${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
