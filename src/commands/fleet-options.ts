// The options of fleet, and its entry in the command table.
import { placeOptions } from "./capture-options.ts";
import { defineCommand, optionMaker, type OptionsOf, type UsageFault } from "./command.ts";

const HOSTS = "Which hosts (there is no default)";
const HOW = "How many at once";
const WHAT = "What is asked of each";
const SSH = "By ssh";
const CARE = "Care";

export const fleetOptions = {
  hosts: optionMaker("list", HOSTS)(
    "--hosts NAMES",
    "cn14,cn15, @FILE (one a line), or - for stdin; with --inventory, hosts and groups of it   (repeat)",
  ),
  inventory: optionMaker("value", HOSTS)(
    "--inventory COMMAND",
    "prints JSON as ansible-inventory --list does: service, ansible_host, ansible_user, ansible_port of each",
  ),
  atMost: optionMaker("value", HOW)("--at-most N", `${"hosts at once".padEnd(47)}[10; 1..50]`),
  pausesAtMost: optionMaker("value", HOW)(
    "--pauses-at-most K",
    `${"hosts of one service paused at once".padEnd(47)}[1]`,
  ),
  stopAfter: optionMaker("value", HOW)(
    "--stop-after N",
    `${"begin no more when more than so many failed".padEnd(47)}[10%; none in the canary]`,
  ),
  deadline: optionMaker("value", HOW)("--deadline TIME", `${"of the whole job".padEnd(47)}[10m]`),
  match: optionMaker("value", WHAT)(
    "--match REGEX",
    "in place of TARGET: processes whose command line matches",
  ),
  budget: optionMaker("value", WHAT)(
    "-b, --budget TIME",
    `${"of the capture on each host".padEnd(47)}[30s; 1s..30m]`,
  ),
  maxPause: optionMaker("value", WHAT)(
    "--max-pause TIME",
    `${"never stop a target longer than this".padEnd(47)}[10s]   0: nothing that stops it`,
  ),
  profile: optionMaker("value", WHAT)("-p, --profile NAME", "[before-restart]", { completes: "profile" }),
  connectedTo: optionMaker("list", WHAT)(
    "--connected-to HOST:PORT",
    "check: is it connected to this, and if not, does it answer from there   (repeat)",
  ),
  incident: placeOptions.incident,
  reason: placeOptions.reason,
  noNote: optionMaker("flag", "Where it goes")("--no-note", "upload, but write to no incident record"),
  transport: optionMaker("value", HOW)(
    "--transport WAY",
    "ssh or nats   [nats where the settings name a bus, else ssh]",
  ),
  sshConfig: optionMaker("value", SSH)(
    "--ssh-config FILE",
    "in place of your own ssh configuration (ssh -F)",
    { completes: "file" },
  ),
  exhibit: optionMaker("value", SSH)(
    "--exhibit COMMAND",
    `${"how it is called there".padEnd(47)}[exhibit]   'sudo -n exhibit'`,
  ),
  push: optionMaker("flag", SSH)(
    "--push",
    "where exhibit is missing or too old, send ours once; Node 20 must be there",
  ),
  resume: optionMaker("value", CARE)(
    "--resume JOB",
    "go on with a job that was cut off: hosts that are done are not asked again",
  ),
  dryRun: optionMaker("flag", CARE)("-n, --dry-run", "print the plan; connect to nothing"),
  yes: optionMaker("flag", CARE)(
    "-y, --yes",
    "skip the question (asked only on a terminal: more than 8 hosts)",
  ),
};
export type FleetOptions = OptionsOf<typeof fleetOptions>;

function check(
  options: FleetOptions,
  { positionals, argv }: { readonly positionals: readonly string[]; readonly argv: readonly string[] },
): UsageFault | undefined {
  const [action = "", target] = positionals;
  if (action === "answer") return undefined;
  if (argv.length > 0 && action !== "guard")
    return { message: `fleet ${action} runs no command`, hint: "fleet guard does" };
  if (options.resume !== undefined) {
    const more =
      target !== undefined || options.hosts.length > 0 || options.inventory !== undefined || argv.length > 0;
    return more
      ? { message: "--resume goes on with a job as it was planned: it takes no target, hosts or COMMAND" }
      : action === "status"
        ? { message: "fleet status is no job", hint: `exhibit fleet capture --resume ${options.resume}` }
        : undefined;
  }
  if (action === "guard" && argv.length === 0)
    return {
      message: "fleet guard needs a command after --",
      hint: "exhibit fleet guard muskie@7 --hosts cn14,cn15 -- systemctl restart muskie@7",
    };
  const ways = (target === undefined ? 0 : 1) + (options.match === undefined ? 0 : 1);
  if (action === "status")
    return ways === 0 ? undefined : { message: "fleet status takes no target: it asks for exhibit itself" };
  if (ways === 1) return undefined;
  return ways === 0
    ? { message: "which target? a UNIT, container:ID or --match REGEX" }
    : { message: "name the target once: a UNIT, container:ID or --match" };
}

export const fleet = defineCommand({
  name: "fleet",
  group: "Before a mitigation",
  summary: "the same on many hosts, never too many paused at once",
  usage: [
    "exhibit fleet capture TARGET --hosts NAMES [options]",
    "exhibit fleet guard TARGET --hosts NAMES [options] -- COMMAND [ARG...]",
    "exhibit fleet check TARGET --hosts NAMES [--connected-to HOST:PORT]...",
    "exhibit fleet status --hosts NAMES",
    "exhibit fleet capture --resume JOB",
  ],
  arguments: [
    { name: "ACTION", completes: "none", choices: ["capture", "guard", "check", "status", "answer"] },
    { name: "[TARGET]", completes: "target" },
  ],
  options: fleetOptions,
  mayRunCommand: true,
  check,
  notes: `One host first, the canary; then one of every other service; then the rest. Hosts of which no service is known count as one
service together. Over ssh this exhibit holds the cap of pauses: two people who start two jobs have two caps. On a bus (fleet.servers
in the settings) the agents hold it together, whoever asks; guard and check go by ssh.
It uses your own ssh: keys, agent, jump hosts and known_hosts; it never asks and trusts no new host key. Bundles go from each
host to its store, not through ssh. A connection that is cut stops nothing: what was begun ends by itself there, and --resume
asks what became of it. One note with one table goes to the incident record.
fleet answer is what runs on each host: it reads one order from stdin.
With --json a line of JSON for each thing that happens, the summary last.

Every host ends in exactly one state: done, partial (a bundle, but not all of it), failed (nothing usable, or COMMAND failed),
lost (asked, no answer: it may have happened), offline, expired (it came too late), busy (it is captured already), denied,
deadline (the time was up while it ran), not-started.
Ctrl-C once: begin no more hosts. Twice: stop those that run; what there is is sealed.

Exit status: 0 all complete; 3 some partial; 6 some hosts failed (named); 1 all failed; 2 usage or settings.`,
  examples: [
    'exhibit fleet capture muskie@7 --hosts cn14,cn15,cn16 -i INC-4211 -m "p99 4x since 02:55Z"',
    "exhibit fleet guard muskie@7 --inventory 'ansible-inventory --list' --hosts web -- systemctl restart muskie@7",
    "exhibit fleet check muskie@7 --hosts @hosts.txt --connected-to zookeeper.example.net:2181",
    "exhibit fleet status --hosts cn14,cn15",
  ],
  load: () => import("./fleet.ts"),
});
