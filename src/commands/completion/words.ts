// What all three shells need to know of the table.
import type { CommandFacts, Completes, OptionFacts } from "../command.ts";
import { globalOptions } from "../global-options.ts";

/** `-b, --budget TIME`: its names, `-b` and `--budget`. */
export function namesOf({ flags }: Pick<OptionFacts, "flags">): readonly string[] {
  return flags.split(/[ ,]+/).filter((word) => word.startsWith("-"));
}

export function takesValue({ kind }: Pick<OptionFacts, "kind">): boolean {
  return kind === "value" || kind === "list";
}

export function optionsOf(command: CommandFacts): readonly OptionFacts[] {
  return [...Object.values(command.options), ...globals()];
}

export function globals(): readonly OptionFacts[] {
  return Object.values(globalOptions);
}

/** Shell commands that print the names of a kind, one a line, and nothing when they cannot. */
const LISTS: Readonly<Partial<Record<Completes, string>>> = {
  target:
    'systemctl list-units --type=service --no-legend --plain --no-pager 2>/dev/null | while read -r unit rest; do echo "$unit"; done',
  bundle: "exhibit ls -q 2>/dev/null",
  profile: "exhibit profiles -q 2>/dev/null",
  collector: "exhibit profiles show deep -q 2>/dev/null",
};

/** The shell command that lists what may stand here; undefined when nothing or files may. */
export function listOf(facts: {
  readonly choices?: readonly string[];
  readonly completes?: Completes;
}): string | undefined {
  if (facts.choices) return `printf '%s\\n' ${facts.choices.join(" ")}`;
  return facts.completes === undefined ? undefined : LISTS[facts.completes];
}
