// exhibit agent: the background service; it runs until it is told to stop.
import { runAgent } from "../agent/agent.ts";
import { ownCommand } from "../agent/own-command.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { readSettings } from "./read-settings.ts";

export async function run(context: CommandContext<object>): Promise<CommandResult> {
  const { settings } = await readSettings(context);
  const stop = new AbortController();
  const undo = context.onSignal(() => stop.abort());
  try {
    await runAgent({
      settings,
      own: ownCommand(context.global.config),
      stop: stop.signal,
      say: context.say,
    });
  } finally {
    undo();
  }
  return { exitCode: 0 };
}
