// The entries of run and add in the command table.
import { defineCommand } from "./command.ts";
import { addOptions, runOptions } from "./during-options.ts";

export const run = defineCommand({
  name: "run",
  group: "During",
  summary: "run any command of yours and keep its output as evidence",
  usage: ["exhibit run [options] -- COMMAND [ARG...]"],
  arguments: [],
  options: runOptions,
  runsCommand: true,
  failsWith: 125,
  notes: `COMMAND has your terminal, environment and folder; its output is shown as it comes, and kept with its timing.
Ctrl-C is COMMAND's; what it had said until then is kept. With --json its output is all shown on stderr.

Exit status: COMMAND's own (128+n if a signal ended it); 125: usage or settings, COMMAND was not run;
126/127: COMMAND cannot be run / is not there. Evidence that cannot be kept never keeps COMMAND from running.`,
  examples: [
    `exhibit run -i INC-4211 -m "who holds the lock" -- dtrace -n 'lockstat:::adaptive-block { @[stack()] = count(); }'`,
    "exhibit run -- sh -c 'vmstat 1 5 | tee /dev/stderr | tail -1'",
  ],
  load: () => import("./run.ts"),
});

export const add = defineCommand({
  name: "add",
  group: "During",
  summary: "keep files you already have",
  usage: ["exhibit add [options] FILE..."],
  arguments: [{ name: "FILE...", completes: "file" }],
  options: addOptions,
  notes: `Links are refused; sizes are told first. Text is masked as all evidence is, binary files are kept byte for byte.
Cores and heap snapshots are packed, and are never in bundle.zip.

Exit status: 0 complete, sent and noted (or not asked for); 1 nothing was kept; 2 usage, settings, or a FILE that
cannot be added (nothing is begun then); 3 kept, but not all of it; 4 kept, the upload is waiting; 5 uploaded, the note
is waiting; 130/143 stopped by you, what there was is sealed.`,
  examples: ['exhibit add -i INC-4211 -m "dashboard, 03:10" shot.png /cores/core.24113'],
  load: () => import("./add.ts"),
});
