// Help pages, made from the command table: the front page and one page a command.
import type { CommandFacts, Group, OptionFacts } from "./command.ts";
import { globalOptions } from "./global-options.ts";

/** Where descriptions begin. */
const INDENT = 26;

const GROUPS: readonly Group[] = ["Before a mitigation", "During", "After", "Set up"];

const TARGETS = [
  [
    "UNIT",
    "a service of this host: a systemd unit (muskie@7[.service]) or an SMF FMRI (svc:/manta/application/muskie:7)",
  ],
  ["container:ID", "a container id or its unique beginning"],
] as const;

function line(left: string, right: string): string {
  // What is too long for its column stands apart from what it means all the same.
  return `${left.length >= INDENT ? `${left} ` : left.padEnd(INDENT - 1)} ${right}`.trimEnd();
}

/** Long names stand below each other whether or not there is a short one. */
function optionLine({ flags, help }: OptionFacts): string {
  return line(flags.startsWith("--") ? `      ${flags}` : `  ${flags}`, help);
}

/** `exhibit`, `exhibit --help`, `exhibit help`. */
export function frontPage(commands: readonly CommandFacts[]): string {
  const groups = GROUPS.map((group) => ({
    group,
    own: commands.filter((command) => command.group === group),
  }));
  const { json, color, config, noInput } = globalOptions;
  return `exhibit - save the evidence before you restart it

  exhibit guard muskie@7 --incident INC-4211 --reason "p99 4x since 02:55Z" -- systemctl restart muskie@7
  exhibit capture --pid 24113
  exhibit ls

${groups
  .filter(({ own }) => own.length > 0)
  .map(({ group, own }) =>
    [group, ...own.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`)].join("\n"),
  )
  .join("\n")}

Everywhere
  -h, --help            -q, --quiet        -v, --verbose      --version
${[json, color, config, noInput].map(({ flags, help }) => `      ${flags.padEnd(17)} ${help}`).join("\n")}
`;
}

/** `exhibit CMD --help`, `exhibit help CMD`. */
export function commandPage(command: CommandFacts): string {
  const options = Object.values(command.options);
  const headings = [...new Set(options.map(({ group }) => group ?? "Options"))];
  const named = headings.map((heading) => {
    const own = options.filter(({ group }) => (group ?? "Options") === heading).map(optionLine);
    const targets = heading.startsWith("TARGET")
      ? TARGETS.map(([left, right]) => line(`  ${left}`, right))
      : [];
    return [heading, ...targets, ...own].join("\n");
  });
  const examples = ["Examples", ...command.examples.map((example) => `  ${example}`)].join("\n");
  const parts = [
    command.usage.join("\n"),
    command.summary,
    ...named,
    command.notes,
    examples,
    "Flags for every command: exhibit --help",
  ];
  return `${parts.filter((part) => part !== undefined).join("\n\n")}\n`;
}
