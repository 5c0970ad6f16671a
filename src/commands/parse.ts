// The command line, by commander: which command, its options and words. Faults are UsageErrors with a suggestion.
import { Command, CommanderError, Option } from "commander";
import { UsageError } from "../errors.ts";
import { printable } from "../printable.ts";
import { closestName } from "../parsers/closest-name.ts";
import {
  checkOptions,
  type ArgumentFacts,
  type CommandFacts,
  type GlobalFlags,
  type OptionFacts,
  type OptionTable,
} from "./command.ts";
import { globalOptions, mergeGlobals, type GlobalOptions } from "./global-options.ts";

/** What was asked for before the command's name, and the rest. */
export interface Head {
  readonly global: GlobalOptions;
  readonly word: string | undefined;
  readonly rest: readonly string[];
}

export type ParsedCommand =
  | { readonly kind: "help" }
  | {
      readonly kind: "run";
      readonly options: unknown;
      readonly positionals: readonly string[];
      readonly argv: readonly string[];
      readonly global: GlobalFlags;
    };

/** commander's form of our flags: `-b, --budget TIME` is `-b, --budget <TIME>`. */
function optionOf({ flags, kind, choices }: OptionFacts): Option {
  const option = new Option(kind === "value" || kind === "list" ? flags.replace(/ (\S+)$/, " <$1>") : flags);
  if (choices) option.choices([...choices]);
  if (kind === "list")
    option.argParser((text, before: unknown) => [...(Array.isArray(before) ? before : []), text]);
  return option;
}

function parserOf(name: string, table: OptionTable): Command {
  const parser = new Command(name).exitOverride().helpOption(false).helpCommand(false);
  parser.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  for (const facts of Object.values(table)) parser.addOption(optionOf(facts));
  return parser;
}

/** The values by the names of the table; `--no-upload` is the flag noUpload, where commander says upload: false. */
function valuesOf(parser: Command, table: OptionTable): Record<string, unknown> {
  const raw = new Map<string, unknown>(Object.entries(parser.opts()));
  const entries = Object.entries(table).map(([name, facts]) => {
    const option = optionOf(facts);
    const found = raw.get(option.attributeName());
    if (facts.kind === "flag") return [name, option.negate ? found === false : found === true];
    return [name, found ?? (facts.kind === "list" ? [] : undefined)];
  });
  return Object.fromEntries(entries);
}

/** commander says `error: unknown option '--x'` and, on a line of its own, `(Did you mean --y?)`. */
function usageErrorOf(error: unknown, command: string | undefined): unknown {
  if (!(error instanceof CommanderError)) return error;
  const [first = "", second] = error.message.replace(/^error: /, "").split("\n");
  const hint =
    second?.replace(/^\((.*)\)$/, "$1") ??
    `see exhibit ${command === undefined ? "--help" : `help ${command}`}`;
  return new UsageError(printable(first, 400), { hint });
}

function parse(parser: Command, args: readonly string[], command: string | undefined): void {
  try {
    parser.parse([...args], { from: "user" });
  } catch (error) {
    throw usageErrorOf(error, command);
  }
}

/** The flags before the command's name. Throws UsageError. */
export function parseHead(args: readonly string[]): Head {
  const parser = parserOf("exhibit", globalOptions).passThroughOptions().allowExcessArguments();
  parse(parser, args, undefined);
  const [word, ...rest] = parser.args;
  return { global: checkOptions(globalOptions, valuesOf(parser, globalOptions)), word, rest };
}

/** The command of that name. Throws UsageError with the nearest that exists. */
export function findCommand(name: string, commands: readonly CommandFacts[]): CommandFacts {
  const found = commands.find((command) => command.name === name);
  if (found) return found;
  const near = closestName(name, [...commands.map((command) => command.name), "help"]);
  throw new UsageError(`unknown command ${printable(name)}`, {
    hint: near === undefined ? "see exhibit --help" : `did you mean ${near}?`,
  });
}

/** `--` ends our own words: what follows is the operator's, untouched. */
function splitAtDashes(
  command: CommandFacts,
  args: readonly string[],
): { ours: readonly string[]; argv: readonly string[] } {
  const at = command.runsCommand || command.mayRunCommand ? args.indexOf("--") : -1;
  return at === -1 ? { ours: args, argv: [] } : { ours: args.slice(0, at), argv: args.slice(at + 1) };
}

function checkWords(command: CommandFacts, positionals: readonly string[], dashes: boolean): void {
  const hint = `see exhibit help ${command.name}`;
  if (command.runsCommand && !dashes) {
    const takesTarget = command.arguments.length > 0;
    const target = takesTarget ? `${positionals[0] ?? "TARGET"} ` : "";
    const rest = takesTarget ? positionals.slice(1) : positionals;
    const words = rest.length === 0 ? "COMMAND" : rest.join(" ");
    throw new UsageError("-- is missing before COMMAND", {
      hint: printable(`exhibit ${command.name} ${target}[options] -- ${words}`, 400),
    });
  }
  const required = command.arguments.filter(({ name }) => !name.startsWith("["));
  const missing = required[positionals.length];
  if (missing) throw new UsageError(`${command.name}: ${missing.name} is missing`, { hint });
  const many = command.arguments.some(({ name }) => name.includes("..."));
  const extra = many ? undefined : positionals[command.arguments.length];
  if (extra !== undefined)
    throw new UsageError(`${command.name}: one word too many: ${printable(extra)}`, { hint });
  for (const [index, argument] of command.arguments.entries())
    checkChoice(argument, positionals[index], hint);
}

function checkChoice({ name, choices }: ArgumentFacts, word: string | undefined, hint: string): void {
  if (word === undefined || !choices || choices.includes(word)) return;
  const near = closestName(word, choices);
  const told = near === undefined ? hint : `did you mean ${near}?`;
  throw new UsageError(
    `${name.replace(/[[\]]/g, "")} is one of ${choices.join(", ")}, not ${printable(word)}`,
    { hint: told },
  );
}

/** The options and words of one command. Throws UsageError. */
export function parseCommand(command: CommandFacts, head: Head): ParsedCommand {
  const { ours, argv } = splitAtDashes(command, head.rest);
  const parser = parserOf(command.name, { ...globalOptions, ...command.options }).allowExcessArguments();
  // Asked for help, nobody wants to hear what else is wrong.
  const dashes = ours.indexOf("--");
  const flags = dashes === -1 ? ours : ours.slice(0, dashes);
  if (flags.some((word) => word === "--help" || word === "-h")) return { kind: "help" };
  parse(parser, ours, command.name);
  const after = checkOptions(globalOptions, valuesOf(parser, globalOptions));
  if (after.help || head.global.help) return { kind: "help" };
  const positionals = parser.args;
  const options = valuesOf(parser, command.options);
  checkWords(command, positionals, ours.length < head.rest.length);
  if (command.runsCommand && (argv[0] ?? "") === "")
    throw new UsageError("COMMAND is missing after --", { hint: `see exhibit help ${command.name}` });
  const fault = command.check(options, { positionals, argv });
  if (fault) throw new UsageError(fault.message, { hint: fault.hint ?? `see exhibit help ${command.name}` });
  return { kind: "run", options, positionals, argv, global: mergeGlobals(head.global, after) };
}
