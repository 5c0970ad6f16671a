// The command table: every command is declared here, once. Help, completion and the parser are made from it; the file
// of a command is imported only when it is called.
import { checkOptionTable } from "./check-options.ts";
import { captureOptions, checkTarget, guardOptions } from "./capture-options.ts";
import { add, run } from "./during-commands.ts";
import { defineCommand, optionMaker, type ArgumentFacts, type CommandFacts } from "./command.ts";
import { fleet } from "./fleet-options.ts";
import { diff, fetch, ls, report, show, verify } from "./table-bundles.ts";
import { agent, arm, completion, config, demo, doctor, profiles } from "./table-setup.ts";

const flag = optionMaker("flag");
const value = optionMaker("value");
const list = optionMaker("list");

/**
 * What saves evidence starts ahead of the host's other work, until the first look is on disk: the process may die. And it
 * stays small beside a service that may be out of memory.
 */
async function ahead<Module>(load: () => Promise<Module>): Promise<Module> {
  const { raisePriority } = await import("../host/priority.ts");
  raisePriority();
  const { keepHeapSmall } = await import("../host/own-heap.ts");
  keepHeapSmall();
  return load();
}

const NAMING = `ID is an id, its unique beginning or end, or last; a folder is written with a slash (./bundle).`;

const TARGET: readonly ArgumentFacts[] = [{ name: "[TARGET]", completes: "target" }];

const guard = defineCommand({
  name: "guard",
  group: "Before a mitigation",
  summary: "capture, then run the mitigation (its exit status is yours)",
  usage: ["exhibit guard TARGET [options] -- COMMAND [ARG...]"],
  arguments: TARGET,
  options: guardOptions,
  runsCommand: true,
  failsWith: 125,
  check: (options, { positionals }) => checkTarget(options, positionals),
  notes: `Keys while it captures:   s  go on to COMMAND now        Ctrl-C  stop, seal what there is, do NOT run COMMAND

Exit status: COMMAND's own (128+n if a signal ended it); 125: exhibit did not run COMMAND (usage, --require);
126/127: COMMAND cannot be run / is not there; 130/143: you stopped it while it captured.
A capture that fails never blocks COMMAND unless --require says so.`,
  examples: [
    'exhibit guard muskie@7 -i INC-4211 -m "p99 4x since 02:55Z" -- systemctl restart muskie@7',
    "exhibit guard --pid 24113 --budget 10s --max-pause 0 -- kill -TERM 24113",
    "exhibit guard muskie@7 --require=core,threads -- systemctl restart muskie@7",
    "exhibit guard muskie@7 --after 60s -- systemctl restart muskie@7",
  ],
  load: () => ahead(() => import("./guard.ts")),
});

const capture = defineCommand({
  name: "capture",
  group: "Before a mitigation",
  summary: "capture now, run nothing",
  usage: ["exhibit capture TARGET [options]"],
  arguments: TARGET,
  options: captureOptions,
  check: (options, { positionals }) => checkTarget(options, positionals),
  notes: `Exit status: 0 complete, sent and noted (or not asked for); 1 nothing usable was saved; 2 usage or settings;
3 saved, but a required collector is missing or cut short; 4 saved, the upload is waiting; 5 uploaded, the note is
waiting; 130/143 stopped by you, what there was is sealed.`,
  examples: [
    "exhibit capture --pid 24113",
    "exhibit capture muskie@7 -i INC-4211 --only threads,sockets",
    "exhibit capture muskie@7 --after-of 4f2a91",
  ],
  load: () => ahead(() => import("./capture.ts")),
});

const check = defineCommand({
  name: "check",
  group: "Before a mitigation",
  summary: "ask a few yes/no questions of the target, and answer with evidence",
  usage: ["exhibit check TARGET [--connected-to HOST:PORT]... [options]"],
  arguments: TARGET,
  options: checkOptionTable,
  check: (options, { positionals }) => checkTarget(options, positionals),
  notes: `Answers in at most 3 s. It stops nothing, goes inside of nothing and keeps nothing: what only shows from inside
of a process (garbage collection, its event loop) is for exhibit capture.

Exit status: 0 nothing speaks for a restart; 1 something does: it says what, with the raw line; 2 usage or settings;
3 could not tell; 130/143 stopped by you.`,
  examples: ["exhibit check muskie@7", "exhibit check --pid 24113 --connected-to zookeeper.example.net:2181"],
  load: () => import("./check.ts"),
});

const push = defineCommand({
  name: "push",
  group: "After",
  summary: "send what is waiting: upload, then the note",
  usage: ["exhibit push [ID...] [options]"],
  arguments: [{ name: "[ID...]", completes: "bundle" }],
  options: {
    to: value("--to NAME", "a store from the settings   [the one it was meant for]"),
    noNote: flag("--no-note", "upload, but write to no incident record"),
    wait: value("--wait TIME", "try again until nothing waits, or for this long: 10m"),
  },
  notes: `Without an ID all that wait. ID is an id, its unique beginning or end, or last.
Safe to repeat: what is there already is said, and not sent again; a file that was cut goes on where it was.
A bundle that is too damaged to be sent is put aside, into quarantine/ in the spool.
What was captured with --no-upload is uploaded when its ID is given, what was captured with --no-note
is noted with exhibit note ID --to REF only.

Exit status: 0 nothing waits any more; 2 usage or settings; 4 an upload still waits; 5 a note still waits.`,
  examples: ["exhibit push", "exhibit push --wait 10m", "exhibit push last --to evidence"],
  load: () => import("./push.ts"),
});

const note = defineCommand({
  name: "note",
  group: "After",
  summary: "print the note, or post it to an incident record",
  usage: ["exhibit note ID [options]"],
  arguments: [{ name: "ID", completes: "bundle" }],
  options: {
    to: list("--to REF", "post it to this incident record   (repeat)"),
    print: value("--print FORMAT", "print it as text, markdown, html, adf, wiki, slack or chat   [text]", {
      choices: ["text", "markdown", "html", "adf", "wiki", "slack", "chat"],
    }),
    attach: value("--attach WHAT", "attach the report or the zip too, where records take files: Jira, RT", {
      choices: ["report", "zip"],
    }),
    supersede: flag("--supersede", "write it anew over the one that is there"),
    dryRun: flag("-n, --dry-run", "print the exact requests, secrets masked; post nothing"),
  },
  notes: `${NAMING}
Safe to repeat: a note that is there already is said, and not posted again. --supersede changes it where the record
can, else posts a short second one. Cores are never attached; without --to it goes to the incidents of the capture.

Exit status: 0 printed or posted; 1 the bundle is not sealed; 2 usage or settings; 5 the note waits.`,
  examples: ["exhibit note last", "exhibit note 20261122T031207Z-cn14-muskie_7-4f2a91 --to INC-4211"],
  load: () => import("./note.ts"),
});

/** In the order of the front page. */
export const COMMANDS: readonly CommandFacts[] = [
  guard,
  capture,
  check,
  fleet,
  run,
  add,
  ls,
  push,
  note,
  show,
  report,
  diff,
  fetch,
  verify,
  doctor,
  profiles,
  config,
  agent,
  arm,
  demo,
  completion,
];
