// Completion for bash, without the bash-completion package.
import type { CommandFacts } from "../command.ts";
import { globals, listOf, namesOf, optionsOf, takesValue } from "./words.ts";

function valueCases(command: CommandFacts): readonly string[] {
  return optionsOf(command)
    .filter(takesValue)
    .map((option) => {
      const list = listOf(option);
      const action =
        list === undefined ? `files=${option.completes === "file" ? "yes" : "no"}` : `from=$(${list})`;
      return `      ${namesOf(option).join("|")}) ${action}; value=yes ;;`;
    });
}

function commandCase(command: CommandFacts): string {
  const lists = command.arguments.flatMap((argument) => listOf(argument) ?? []);
  const flags = optionsOf(command).flatMap(namesOf).join(" ");
  return `    ${command.name})
      case $prev in
${valueCases(command)
  .map((line) => `  ${line}`)
  .join("\n")}
        *) if [[ $cur == -* ]]; then from="${flags}"; else ${lists.length === 0 ? ":" : `from=$(${lists.join("; ")})`}; fi ;;
      esac ;;`;
}

/** A script for `source` or /etc/bash_completion.d. */
export function bashScript(commands: readonly CommandFacts[]): string {
  const names = [...commands.map(({ name }) => name), "help"].join(" ");
  const values = globals().filter(takesValue).flatMap(namesOf).join("|");
  return `# bash completion for exhibit; made by: exhibit completion bash
_exhibit() {
  local line=\${COMP_LINE:0:COMP_POINT} word command= from= value= files= at keep= character
  local -a words
  # Not COMP_WORDS: bash parts muskie@7 at the @.
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  local cur=\${words[-1]} prev=\${words[-2]}
  for ((at = 1; at < \${#words[@]} - 1; at++)); do
    word=\${words[at]}
    case $word in
      --) COMPREPLY=($(compgen -c -- "$cur") $(compgen -f -- "$cur")); return ;;
      ${values}) ((at++)) ;;
      -*) ;;
      *) [[ -z $command ]] && command=$word ;;
    esac
  done
  case $command in
    "")
      if [[ $cur == -* ]]; then from="${globals().flatMap(namesOf).join(" ")}"; else from="${names}"; fi ;;
    help) from="${names}" ;;
${commands.map(commandCase).join("\n")}
  esac
  if [[ $files == yes ]]; then
    compopt -o filenames
    COMPREPLY=($(compgen -f -- "$cur"))
    return
  fi
  COMPREPLY=($(compgen -W "$from" -- "$cur"))
  # Readline replaces only what follows the last of its own word breaks.
  for character in @ : =; do
    [[ $COMP_WORDBREAKS == *"$character"* && $cur == *"$character"* ]] || continue
    word=\${cur%"\${cur##*"$character"}"}
    [[ \${#word} -gt \${#keep} ]] && keep=$word
  done
  [[ -n $keep ]] && COMPREPLY=("\${COMPREPLY[@]#"$keep"}")
}
complete -F _exhibit exhibit
`;
}
