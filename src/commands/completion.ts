// exhibit completion: a script for bash, zsh or fish, made from the command table.
import type { CommandContext, CommandResult } from "./command.ts";
import { bashScript } from "./completion/bash.ts";
import { fishScript } from "./completion/fish.ts";
import { zshScript } from "./completion/zsh.ts";
import type { CompletionResult } from "./results/setup.ts";
import { COMMANDS } from "./table.ts";

export async function run(context: CommandContext<object>): Promise<CommandResult> {
  const shell = shellOf(context.positionals[0]);
  const script = { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](COMMANDS);
  const json: CompletionResult = { shell, script };
  return { exitCode: 0, text: script, json };
}

/** The parser let nothing else through. */
function shellOf(word: string | undefined): CompletionResult["shell"] {
  return word === "zsh" || word === "fish" ? word : "bash";
}
