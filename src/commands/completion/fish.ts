// Completion for fish.
import type { CommandFacts, OptionFacts } from "../command.ts";
import { globals, listOf, namesOf, takesValue } from "./words.ts";

/** In single quotes, where fish knows \\ and \' only. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** The lists are written for sh: fish's own syntax differs. */
function offered(list: string): string {
  return quoted(`(sh -c ${quoted(list)})`);
}

function optionLine(condition: string, option: OptionFacts): string {
  const names = namesOf(option).map((name) =>
    name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  const list = listOf(option);
  const value = !takesValue(option)
    ? ""
    : option.completes === "file"
      ? " -r -F"
      : ` -x${list === undefined ? "" : ` -a ${offered(list)}`}`;
  return `complete -c exhibit${condition} ${names.join(" ")}${value} -d ${quoted(option.help)}`;
}

function commandLines(command: CommandFacts): readonly string[] {
  const within = ` -n ${quoted(`__fish_seen_subcommand_from ${command.name}`)}`;
  return [
    `complete -c exhibit -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.summary)}`,
    ...command.arguments.flatMap((argument) => {
      const list = listOf(argument);
      return list === undefined ? [] : [`complete -c exhibit${within} -a ${offered(list)}`];
    }),
    ...Object.values(command.options).map((option) => optionLine(within, option)),
  ];
}

export function fishScript(commands: readonly CommandFacts[]): string {
  return `# fish completion for exhibit; made by: exhibit completion fish
complete -c exhibit -f
${[...globals().map((option) => optionLine("", option)), ...commands.flatMap(commandLines)].join("\n")}
`;
}
