// The rules `mysql-p`, `curl-u` and `short-flag`: options of one letter that hold a password, known by the command before
// them on the same line. mysql(1), curl(1), sshpass(1), redis-cli, ldapsearch(1).
import type { Rule, Span } from "./span.ts";
import { valueAt } from "./values.ts";

const ARGUMENT = /[^\s\0"'`]*/y;

interface CommandOption {
  readonly rule: string;
  /** A part of the command's name: text without it is not looked at. */
  readonly hints: readonly string[];
  readonly command: string;
  readonly option: string;
  /** Only what stands behind the first colon is secret: `user:password`. */
  readonly behindColon?: boolean;
}

const GAP = String.raw`(?:[ \t\0]|\\{0,7}["'],\s{0,80})`;
const OPTIONS: readonly CommandOption[] = [
  {
    rule: "mysql-p",
    hints: ["mysql", "mariadb"],
    command: String.raw`(?:mysql|mariadb)[\w-]{0,40}`,
    option: "-p",
  },
  {
    rule: "curl-u",
    hints: ["curl"],
    command: "curl",
    option: `(?:-[uU]|--(?:proxy-)?user)(?:=|${GAP})?`,
    behindColon: true,
  },
  { rule: "short-flag", hints: ["sshpass"], command: "sshpass", option: `-p${GAP}?` },
  { rule: "short-flag", hints: ["redis-cli"], command: "redis-cli", option: `-a${GAP}` },
  { rule: "short-flag", hints: ["ldap"], command: String.raw`ldap[a-z]{1,20}`, option: `-w${GAP}` },
];

/** One walk over the text, line by line: linear however many options and commands it holds. */
function commandRule({ rule, hints, command, option, behindColon }: CommandOption): Rule {
  const step = new RegExp(
    String.raw`(\n)|(?<![\w-])(${command})(?![\w-])|(?<=[\s\0"'` + "`])(?:" + option + ")",
    "g",
  );
  return (text) => {
    const spans: Span[] = [];
    if (!hints.some((hint) => text.includes(hint))) return spans;
    let isInCommand = false;
    const walk = new RegExp(step);
    for (let match = walk.exec(text); match; match = walk.exec(text)) {
      if (match[1] !== undefined) isInCommand = false;
      else if (match[2] !== undefined) isInCommand = true;
      else if (isInCommand) {
        const value = valueAt(text, walk.lastIndex, ARGUMENT);
        const colon = behindColon ? text.slice(value.from, value.to).indexOf(":") : -1;
        if (behindColon && colon === -1) continue;
        const from = value.from + colon + 1;
        if (value.to - from < 1) continue;
        spans.push({ from, to: value.to, rule });
        walk.lastIndex = value.to;
      }
    }
    return spans;
  };
}

export const commandRules: readonly Rule[] = OPTIONS.map(commandRule);
