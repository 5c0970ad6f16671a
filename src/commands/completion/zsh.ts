// Completion for zsh: a file named _exhibit in a folder of fpath.
import type { CommandFacts, OptionFacts } from "../command.ts";
import { globals, listOf, namesOf, optionsOf, takesValue } from "./words.ts";

/** In single quotes; a colon parts a word from its description in _describe. */
function described(word: string, text: string): string {
  return `'${`${word.replaceAll(":", "\\:")}:${text}`.replaceAll("'", "'\\''")}'`;
}

function offer(list: string): string {
  return `offered=(\${(f)"$(${list})"}); compadd -a offered`;
}

function valueCase(option: OptionFacts): string {
  const list = listOf(option);
  const action =
    list === undefined ? (option.completes === "file" ? "_files" : "_message value") : offer(list);
  return `        ${namesOf(option).join("|")}) ${action}; return ;;`;
}

function describe(options: readonly OptionFacts[]): string {
  const words = options.flatMap((option) => namesOf(option).map((name) => described(name, option.help)));
  return `offered=(${words.join(" ")}); _describe option offered`;
}

function commandCase(command: CommandFacts): string {
  const options = optionsOf(command);
  const lists = command.arguments.flatMap((argument) => listOf(argument) ?? []);
  return `    ${command.name})
      case $prev in
${options.filter(takesValue).map(valueCase).join("\n")}
      esac
      if [[ $word == -* ]]; then ${describe(options)}
      else ${lists.length === 0 ? "_message 'no more words'" : offer(lists.join("; "))}; fi ;;`;
}

export function zshScript(commands: readonly CommandFacts[]): string {
  const names = commands.map(({ name, summary }) => described(name, summary));
  const values = globals().filter(takesValue).flatMap(namesOf).join("|");
  return `#compdef exhibit
# zsh completion for exhibit; made by: exhibit completion zsh
_exhibit() {
  local word=\${words[CURRENT]} prev=\${words[CURRENT-1]} command= at
  local -a offered
  for ((at = 2; at < CURRENT; at++)); do
    case \${words[at]} in
      --) shift at words; ((CURRENT -= at)); _normal; return ;;
      ${values}) ((at++)) ;;
      -*) ;;
      *) [[ -z $command ]] && command=\${words[at]} ;;
    esac
  done
  case $command in
    ""|help)
      if [[ $word == -* ]]; then ${describe(globals())}
      else offered=(${names.join(" ")}); _describe command offered; fi ;;
${commands.map(commandCase).join("\n")}
  esac
}
if [[ $funcstack[1] == _exhibit ]]; then _exhibit "$@"; else compdef _exhibit exhibit; fi
`;
}
