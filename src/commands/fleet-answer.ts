// exhibit fleet answer: the far side of a connection of exhibit fleet. It talks over its stdin and stdout.
import { answerOrder } from "../agent/answer-order.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { readSettings } from "./read-settings.ts";

export async function answer(context: CommandContext<object>): Promise<CommandResult> {
  // The connection may go at any time; what was begun goes on.
  const undo = context.onSignal(() => undefined);
  try {
    const { settings } = await readSettings(context);
    const answered = await answerOrder({
      spool: settings.spool.path,
      config: context.global.config,
      input: context.stdin(),
      print: context.print,
    });
    return { exitCode: answered ? 0 : 2 };
  } finally {
    undo();
  }
}
