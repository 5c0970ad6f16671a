// The options of guard and capture: what to look at, for how long, and where it goes. Texts are parsed by the commands.
import { optionMaker, type OptionsOf, type UsageFault } from "./command.ts";

const TARGET = "TARGET (one of)";
const TIME = "Time and cost";
const PLACE = "Where it goes";
const CARE = "Care";

/** The ways to name what is meant, besides a word. */
export const targetOptions = {
  pid: optionMaker("list", TARGET)("--pid PID", "one process (repeat for more)"),
  match: optionMaker("value", TARGET)(
    "--match REGEX",
    "processes whose command line matches; more than 8 need --yes",
  ),
};

export type TargetOptions = OptionsOf<typeof targetOptions>;

const timeAndCost = (start: string) => ({
  budget: optionMaker("value", TIME)("-b, --budget TIME", `${start.padEnd(47)}[30s; 1s..30m]`),
  maxPause: optionMaker("value", TIME)(
    "--max-pause TIME",
    `${"never stop the target longer than this".padEnd(47)}[10s]   0: no core, nothing that stops it`,
  ),
  core: optionMaker("value", TIME)("--core METHOD", `${"auto, snapshot, stop, gdb, none".padEnd(47)}[auto]`, {
    choices: ["auto", "snapshot", "stop", "gdb", "none"],
  }),
  heapSnapshot: optionMaker("optional", TIME)(
    "--heap-snapshot [TIME]",
    "of a Node process: tell what a heap snapshot costs it; with TIME take it, when it stops it no longer than that",
  ),
  only: optionMaker("value", TIME)(
    "--only NAMES",
    "only these collectors: threads,sockets  (their tool names work too: prstat,netstat,gcore,pfiles,nhttpsnoop)",
    { completes: "collector" },
  ),
  skip: optionMaker("value", TIME)("--skip NAMES", "not these", { completes: "collector" }),
  profile: optionMaker("value", TIME)("-p, --profile NAME", "[before-restart]", { completes: "profile" }),
  maxSize: optionMaker("value", TIME)("--max-size SIZE", "of what is written to this host's disk"),
});

export const placeOptions = {
  incident: optionMaker("list", PLACE)(
    "-i, --incident REF",
    "INC-4211, pd:Q1ABC, gh:org/repo#7, rt:1234, chat:#incidents-jpc, or a URL   (repeat)",
  ),
  reason: optionMaker("value", PLACE)(
    "-m, --reason TEXT",
    "one sentence for the people who read it at 6 a.m.",
  ),
  to: optionMaker("value", PLACE)("--to NAME", `${"a store from the settings".padEnd(47)}[default]`),
  noUpload: optionMaker("flag", PLACE)("--no-upload", "keep the bundle on this host"),
  noNote: optionMaker("flag", PLACE)("--no-note", "upload, but write to no incident record"),
};

const wait = {
  wait: optionMaker("value", PLACE)(
    "--wait WHAT",
    "before COMMAND, wait for: secured, sealed, uploaded, noted   [secured: all taken so far is on disk]",
    { choices: ["secured", "sealed", "uploaded", "noted"] },
  ),
};

const dryRun = {
  dryRun: optionMaker("flag", CARE)(
    "-n, --dry-run",
    "say what would run, its cost, and where it would go; run nothing",
  ),
};

const guardCare = {
  after: optionMaker("value", CARE)(
    "--after TIME",
    "capture the cheap part again this long after COMMAND, and say fixed / not fixed / worse   [off]",
  ),
  require: optionMaker("optional", CARE)(
    "--require [NAMES]",
    "do not run COMMAND unless these are complete",
    {
      completes: "collector",
    },
  ),
};

export const yes = {
  yes: optionMaker("flag", CARE)(
    "-y, --yes",
    "skip the question (asked only on a terminal: more than 8 processes)",
  ),
};

export type PlaceOptions = OptionsOf<typeof placeOptions>;

const afterOf = {
  afterOf: optionMaker("value", CARE)(
    "--after-of ID",
    "what is different from this bundle, which was taken before; the profile is quick then",
    { completes: "bundle" },
  ),
};

const job = {
  job: optionMaker("value", CARE)(
    "--job ID",
    "the job of exhibit fleet that it is taken for; kept in the bundle",
  ),
};

const ifArmed = {
  ifArmed: optionMaker("flag", CARE)(
    "--if-armed",
    "only when exhibit arm said so of UNIT, and as it said; else do nothing",
  ),
};

export const captureOptions = {
  ...targetOptions,
  ...timeAndCost("the capture ends at the latest after this"),
  ...placeOptions,
  ...afterOf,
  ...ifArmed,
  ...job,
  ...dryRun,
  ...yes,
};
/** Those of capture alone; `CaptureOptions` are what it shares with guard. */
export type CaptureCommandOptions = OptionsOf<typeof captureOptions>;
export type CaptureOptions = Omit<CaptureCommandOptions, "afterOf" | "ifArmed">;

export const guardOptions = {
  ...targetOptions,
  ...timeAndCost("COMMAND starts at the latest after this"),
  ...placeOptions,
  ...wait,
  ...dryRun,
  ...guardCare,
  ...job,
  ...yes,
};
export type GuardOptions = OptionsOf<typeof guardOptions>;

/** Exactly one way to name the target. */
export function checkTarget(
  options: Pick<CaptureOptions, "pid" | "match"> &
    Partial<Pick<GuardOptions, "require">> &
    Partial<Pick<CaptureOptions, "heapSnapshot">>,
  positionals: readonly string[],
): UsageFault | undefined {
  const ways = [positionals.length > 0, options.pid.length > 0, options.match !== undefined].filter(
    Boolean,
  ).length;
  if (ways > 1) return { message: "name the target once: a UNIT, container:ID, --pid or --match" };
  if (ways === 1) return undefined;
  // What may have a value takes the word behind it, which may have been meant for the target.
  const swallowed = [
    { flag: "--require", value: "NAMES", word: options.require },
    { flag: "--heap-snapshot", value: "TIME", word: options.heapSnapshot },
  ].flatMap(({ flag, value, word }) =>
    typeof word === "string"
      ? [`${flag} took ${word} for its ${value}; write ${flag}=${value}, or ${flag} after the target`]
      : [],
  );
  return {
    message: "which target? a UNIT, container:ID, --pid PID or --match REGEX",
    ...(swallowed.length === 0 ? {} : { hint: swallowed.join("\n  ") }),
  };
}
