// Slow: it starts the program some seventy times.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { usesColour } from "../../src/commands/style.ts";
import { COMMANDS } from "../../src/commands/table.ts";
import { CLI } from "../helpers/exhibit.ts";

function exhibit(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const plain: NodeJS.ProcessEnv = { ...process.env, TERM: "xterm", ...env };
  delete plain.NO_COLOR;
  if (env.NO_COLOR !== undefined) plain.NO_COLOR = env.NO_COLOR;
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    encoding: "utf8",
    env: plain,
  });
  return { status, stdout, stderr };
}

/** A shell line in which $X is the program. */
function shell(line: string, env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", line], {
    encoding: "utf8",
    env: { ...process.env, X: `${process.execPath} ${CLI}`, TERM: "xterm", ...env },
  });
  return { status, stdout, stderr };
}

const hasEscape = (text: string) => text.includes("\u001b");

const FRONT_PAGE = `exhibit - save the evidence before you restart it

  exhibit guard muskie@7 --incident INC-4211 --reason "p99 4x since 02:55Z" -- systemctl restart muskie@7
  exhibit capture --pid 24113
  exhibit ls

Before a mitigation
  guard      capture, then run the mitigation (its exit status is yours)
  capture    capture now, run nothing
  check      ask a few yes/no questions of the target, and answer with evidence
  fleet      the same on many hosts, never too many paused at once
During
  run        run any command of yours and keep its output as evidence
  add        keep files you already have
After
  ls         bundles on this host (or --store: in the object store), and what is still to be sent
  push       send what is waiting: upload, then the note
  note       print the note, or post it to an incident record
  show       what is in a bundle: readings, timeline, files, gaps
  report     make the page of a bundle again, from its evidence
  diff       what differs between two bundles of one service
  fetch      bring a bundle here from the store and check every digest
  verify     check a bundle against its manifest and signature
Set up
  doctor     what would work on this host now, and how to fix the rest
  profiles   which collectors run for which target (list, show)
  config     the settings in force and where each came from
  agent      the background service: queue, recorder, local API, fleet end point
  arm        capture before any restart of a unit, whoever restarts it, for some hours
  demo       a sick service of our own, guarded and restarted before your eyes
  completion bash, zsh or fish

Everywhere
  -h, --help            -q, --quiet        -v, --verbose      --version
      --json            one JSON document on stdout (a published schema); progress stays on stderr
      --color WHEN      auto, always, never   (NO_COLOR and TERM=dumb heeded)
      --config FILE     settings              [/etc/exhibit/exhibit.yaml, else the built-in defaults]
      --no-input        never ask; where an answer is needed, fail and name the flag
`;

test("the front page is the same by every way to ask for it", () => {
  for (const args of [[], ["--help"], ["-h"], ["help"], ["-q"], ["--no-input", "--help"]])
    assert.deepEqual(exhibit(args), { status: 0, stdout: FRONT_PAGE, stderr: "" }, args.join(" "));
});

test("--version prints the version of package.json, alone or among other flags", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));

  for (const args of [["--version"], ["-q", "--version"]])
    assert.deepEqual(exhibit(args), { status: 0, stdout: `${version}\n`, stderr: "" });
});

test("every command has a help page with usage, its options and examples", () => {
  for (const { name, usage, options, examples } of COMMANDS) {
    const page = exhibit([name, "--help"]);

    assert.equal(page.status, 0);
    assert.ok(page.stdout.startsWith(usage[0] ?? "no usage"));
    for (const { flags } of Object.values(options))
      assert.ok(page.stdout.includes(flags), `${name} ${flags}`);
    assert.ok(examples.length > 0 && examples.every((example) => page.stdout.includes(example)));
  }
});

test("a command's help page is the same by every way to ask for it", () => {
  // One that runs a command of the user's, one with words of its own, one with neither.
  for (const name of ["guard", "profiles", "ls"]) {
    const page = exhibit([name, "--help"]);
    for (const args of [
      ["help", name],
      [name, "-h"],
      ["-q", name, "--help"],
    ])
      assert.deepEqual(exhibit(args), page, args.join(" "));
  }
});

test("guard's help stands in the groups of the interface", () => {
  const headings = exhibit(["help", "guard"])
    .stdout.split("\n")
    .filter((line) => /^[A-Z]/.test(line));

  assert.deepEqual(
    headings.filter((line) => !/^(Keys|Exit|A capture|Flags)/.test(line)),
    ["TARGET (one of)", "Time and cost", "Where it goes", "Care", "Examples"],
  );
});

test("an unknown command or option names the nearest that exists", () => {
  const command = exhibit(["gaurd"]);
  const option = exhibit(["capture", "--bugdet", "1s"]);
  const about = exhibit(["help", "capturr"]);

  assert.deepEqual([command.status, option.status, about.status], [2, 2, 2]);
  assert.equal(command.stderr, "exhibit: unknown command gaurd\n  did you mean guard?\n");
  assert.equal(option.stderr, "exhibit: unknown option '--bugdet'\n  Did you mean --budget?\n");
  assert.match(about.stderr, /did you mean capture\?/);
  assert.deepEqual([command.stdout, option.stdout], ["", ""]);
});

test("every usage error of guard is 125, before anything runs", () => {
  for (const args of [
    ["guard", "--bogus", "--", "touch", "/tmp/exhibit-must-not-be"],
    ["guard", "--", "true"],
    ["guard", "x", "--"],
    ["guard", "x", "true"],
    ["guard", "x", "--pid", "1", "--", "true"],
    ["guard", "x", "y", "--", "true"],
    ["guard", "x", "--core", "maybe", "--", "true"],
    ["guard", "x", "-m", "--", "true"],
  ]) {
    const { status, stdout, stderr } = exhibit(args);

    assert.deepEqual([status, stdout], [125, ""], args.join(" "));
    assert.match(stderr, /^exhibit: .+\n {2}\S/);
  }
});

test("guard without -- shows where it belongs", () => {
  const { stderr } = exhibit(["guard", "muskie@7", "systemctl", "restart", "muskie@7"]);

  assert.equal(
    stderr,
    "exhibit: -- is missing before COMMAND\n  exhibit guard muskie@7 [options] -- systemctl restart muskie@7\n",
  );
});

test("a --require that swallowed the target says so", () => {
  const { status, stderr } = exhibit(["guard", "--require", "muskie@7", "--", "true"]);

  assert.equal(status, 125);
  assert.match(stderr, /--require took muskie@7 for its NAMES; write --require=NAMES/);
});

test("so does a --heap-snapshot", () => {
  const { status, stderr } = exhibit(["capture", "--heap-snapshot", "muskie@7"]);

  assert.equal(status, 2);
  assert.match(
    stderr,
    /--heap-snapshot took muskie@7 for its TIME; write --heap-snapshot=TIME, or --heap-snapshot after the target/,
  );
});

test("words that are missing or too many are usage errors", () => {
  assert.match(exhibit(["note"]).stderr, /note: ID is missing/);
  assert.match(exhibit(["config", "capture"]).stderr, /config: one word too many: capture/);
  assert.match(
    exhibit(["completion", "bahs"]).stderr,
    /SHELL is one of bash, zsh, fish, not bahs\n {2}did you mean bash\?/,
  );
  assert.equal(exhibit(["profiles", "show"]).status, 2);
});

test("a word that a stranger chose cannot drive the terminal", () => {
  const { stderr } = exhibit(["\u001b[2Jx", "--"]);

  assert.equal(hasEscape(stderr), false);
});

test("global flags stand before or after the command", () => {
  const after = exhibit(["config", "--json", "--config", "config/exhibit.yaml"]);
  const before = exhibit(["--json", "--config", "config/exhibit.yaml", "config"]);

  assert.equal(after.status, 0);
  assert.deepEqual(before, after);
  assert.deepEqual(JSON.parse(after.stdout).files, ["config/exhibit.yaml"]);
});

test("a --config that is not there is a settings error, for guard 125", () => {
  assert.equal(exhibit(["config", "--config", "/nowhere.yaml"]).status, 2);
  assert.equal(exhibit(["guard", "--pid", "1", "--config", "/nowhere.yaml", "--", "true"]).status, 125);
});

test("-v shows where a known error came from; without it there is no stack", () => {
  assert.match(exhibit(["config", "-v", "--config", "/nowhere.yaml"]).stderr, /\n {4}at /);
  assert.doesNotMatch(exhibit(["config", "--config", "/nowhere.yaml"]).stderr, /\n {4}at /);
});

test("a reader that goes away is no fault, a full disk is", () => {
  const gone = shell("$X completion bash | head -c 1 > /dev/null; echo ${PIPESTATUS[0]}");
  const full = shell("$X completion bash > /dev/full");

  assert.deepEqual(gone, { status: 0, stdout: "0\n", stderr: "" });
  assert.equal(full.status, 1);
  assert.match(full.stderr, /^exhibit: the result could not be printed: ENOSPC/);
});

test("a closed stderr does not change the result", () => {
  const { status, stdout } = shell("$X config --config /nowhere.yaml 2>&-; echo $?");

  assert.deepEqual([status, stdout], [0, "2\n"]);
});

test("colour goes to a terminal only, and NO_COLOR and --color decide", () => {
  const onTerminal = (args: string, env: NodeJS.ProcessEnv = {}) =>
    hasEscape(shell(`script -qec "$X ${args} doctor" /dev/null < /dev/null`, env).stdout);

  assert.equal(hasEscape(exhibit(["doctor"]).stdout), false);
  assert.equal(hasEscape(exhibit(["doctor", "--color", "always"]).stdout), true);
  assert.equal(onTerminal(""), true);
  assert.equal(onTerminal("", { NO_COLOR: "1" }), false);
  assert.equal(onTerminal("--color never"), false);
});

test("an empty NO_COLOR takes no colour away, TERM=dumb does; --color decides against both", () => {
  const cases = [
    { when: "auto", isTty: true, env: { TERM: "xterm" }, is: true },
    { when: "auto", isTty: true, env: { TERM: "xterm", NO_COLOR: "" }, is: true },
    { when: "auto", isTty: true, env: { TERM: "xterm", NO_COLOR: "1" }, is: false },
    { when: "auto", isTty: true, env: { TERM: "dumb" }, is: false },
    { when: "auto", isTty: false, env: { TERM: "xterm" }, is: false },
    { when: "always", isTty: false, env: { TERM: "dumb", NO_COLOR: "1" }, is: true },
    { when: "never", isTty: true, env: { TERM: "xterm" }, is: false },
  ] as const;

  for (const { when, isTty, env, is } of cases)
    assert.equal(usesColour(when, isTty, env), is, JSON.stringify({ when, isTty, env }));
});
