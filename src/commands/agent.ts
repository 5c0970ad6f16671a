// exhibit agent: the background service, which runs until it is told to stop; with `credentials`, the files of its bus.
import { runAgent } from "../agent/agent.ts";
import { ownCommand } from "../agent/own-command.ts";
import type { AgentOptions } from "./agent-options.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { readSettings } from "./read-settings.ts";

export async function run(context: CommandContext<AgentOptions>): Promise<CommandResult> {
  const [action, folder] = context.positionals;
  if (action !== undefined && folder !== undefined) {
    const { makeSet } = await import("./agent-credentials.ts");
    return makeSet(folder, context);
  }
  const { settings } = await readSettings(context);
  const stop = new AbortController();
  const undo = context.onSignal(() => stop.abort());
  try {
    await runAgent({
      settings,
      config: context.global.config,
      own: ownCommand(context.global.config),
      stop: stop.signal,
      say: context.say,
    });
  } finally {
    undo();
  }
  return { exitCode: 0 };
}
