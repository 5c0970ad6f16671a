// exhibit fleet: the same on many hosts. Which of its actions is meant, and nothing else.
import type { CommandContext, CommandResult } from "./command.ts";
import type { FleetOptions } from "./fleet-options.ts";

export async function run(context: CommandContext<FleetOptions>): Promise<CommandResult> {
  const [action = ""] = context.positionals;
  switch (action) {
    case "answer":
      return (await import("./fleet-answer.ts")).answer(context);
    case "status":
      return (await import("./fleet-status.ts")).status(context);
    default:
      return (await import("./fleet-job.ts")).runJob(context);
  }
}
