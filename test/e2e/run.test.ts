// `exhibit run` with real commands, through pipes and on a real terminal (script(1) around a shell).
import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { z } from "zod";
import { RunResult } from "../../src/commands/results/during.ts";
import { assertCleanAfterwards } from "../helpers/afterwards.ts";
import { CLI, openSandbox, stateOf } from "../helpers/exhibit.ts";
import { mountSmall } from "../helpers/mounted.ts";
import { until } from "../helpers/until.ts";

const box = openSandbox();
const children: ChildProcess[] = [];
const undo: (() => void)[] = [box.remove];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  for (const one of undo.toReversed()) one();
});

const Piece = z.strictObject({ atMs: z.int(), stream: z.string(), bytes: z.int(), lines: z.int() });
const pieces = (of = box) =>
  of
    .read("evidence/command/timing.jsonl")
    .trim()
    .split("\n")
    .map((line) => Piece.parse(JSON.parse(line)));

/** A shell's line on a terminal of its own; what is typed goes to its stdin. $X is `exhibit run` with the settings. */
function startOnTerminal(line: string) {
  const shell = spawn("script", ["-qec", `stty cols 81 rows 24; ${line}`, "/dev/null"], {
    env: {
      ...process.env,
      TERM: "xterm",
      NO_COLOR: "1",
      SHELL: "/bin/bash",
      X: `${process.execPath} ${CLI} run --config ${box.settings}`,
    },
  });
  children.push(shell);
  let output = "";
  shell.stdout.on("data", (data) => (output += String(data)));
  const ended = new Promise<number | null>((resolve) => shell.once("close", resolve));
  return { type: (text: string) => shell.stdin.write(text), ended, output: () => output };
}

test("through pipes both streams pass as they come, are kept with their timing, and the status is the command's", () => {
  // Pieces that come together are one: between the first and the last lies a while.
  const script = "echo one; echo two > /dev/stderr; sleep 1; cat; exit 3";

  const ran = box.run(["run", "-i", "INC-7", "-m", "who holds it", "--", "sh", "-c", script], {
    input: "in\n",
  });

  assert.deepEqual([ran.status, ran.stdout], [3, "one\nin\n"]);
  assert.ok(ran.stderr.startsWith("two\n"), ran.stderr);
  const { state, made, command, target, reason, collectors } = box.anyManifest();
  assert.deepEqual([state, made, target, reason], ["complete", "run", undefined, "who holds it"]);
  assert.deepEqual(command?.argv, ["sh", "-c", script]);
  const [record] = collectors;
  assert.deepEqual([record?.name, record?.tool, record?.status, record?.bytes], ["command", "sh", "ok", 11]);
  assert.equal(record?.commands[0]?.exitCode, 3);
  assert.equal(box.read("evidence/command/stdout.txt"), "one\nin\n");
  assert.equal(box.read("evidence/command/stderr.txt"), "two\n");
  const timing = pieces();
  const told = timing.map(({ stream, bytes, lines }) => `${stream} ${bytes} ${lines}`);
  assert.deepEqual(told.toSorted(), ["stderr 4 1", "stdout 3 1", "stdout 4 1"]);
  const note = box.run(["note", "last"]).stdout;
  assert.match(note, /^Output of sh -c .* on /);
  assert.match(note, /"who holds it"/);
  assert.match(note, /Got {5}exit 3 after .*, 11 B of output\n/);
  assert.doesNotMatch(note, /^(?:one|two|in)$/m);
  assert.equal(box.receipt().notes[0]?.state, "posted");
});

test("secrets in arguments and output are masked, on disk only", () => {
  const secret = "hunter2-hunter2-hunter2";

  const ran = box.run(["run", "--", "echo", "--password", secret]);

  assert.ok(ran.stdout.includes(secret));
  const { captureId } = box.anyManifest();
  for (const file of [
    "capture.json",
    "manifest.json",
    "note.md",
    "report.html",
    "evidence/command/argv.json",
    "evidence/command/stdout.txt",
  ])
    assert.ok(!box.read(file, captureId).includes(secret), file);
});

test("with --json stdout is one document and the output is on stderr", () => {
  const ran = box.run(["run", "--json", "--no-upload", "--", "sh", "-c", "echo seen; kill -KILL $$"]);

  const { capture, command } = RunResult.parse(JSON.parse(ran.stdout));
  assert.equal(ran.status, 137);
  assert.ok(ran.stderr.startsWith("seen\n"));
  assert.deepEqual(
    [capture.saved && capture.upload.state, command.signal, command.exitCode],
    ["not-asked", "SIGKILL", undefined],
  );
});

test("what is no command or no command line begins nothing", () => {
  const before = box.ids();
  writeFileSync(join(box.folder, "plain"), "");

  const statuses = [
    box.run(["run", "--", "no-such-command"]),
    box.run(["run", "--", join(box.folder, "plain")]),
    box.run(["run", "vmstat"]),
    box.run(["run", "--max-size", "much", "--", "true"]),
    box.run(["run", "--to", "nowhere", "--", "true"]),
  ].map(({ status }) => status);

  assert.deepEqual(statuses, [127, 126, 125, 125, 125]);
  assert.deepEqual(box.ids(), before);
});

test("a flood passes whole, and is kept up to --max-size and called partial", () => {
  const ran = box.run([
    "run",
    "--max-size",
    "1M",
    "--",
    "sh",
    "-c",
    "head -c 20000000 /dev/zero | tr '\\0' x",
  ]);

  assert.deepEqual([ran.status, ran.stdout.length], [0, 20_000_000]);
  const { state, collectors, files } = box.anyManifest();
  assert.deepEqual(
    [state, collectors[0]?.truncated, collectors[0]?.reason],
    ["partial", true, "output cut at its size limit"],
  );
  const kept = files.filter(
    ({ path }) => path.startsWith("evidence/command/") && !path.endsWith("argv.json"),
  );
  const bytes = kept.reduce((sum, file) => sum + file.bytes, 0);
  assert.ok(bytes > 1_000_000 && bytes <= 1024 ** 2, String(bytes));
});

test("a reader that has seen enough ends the command, as without us", async () => {
  const child = spawn("bash", [
    "-c",
    `${process.execPath} ${CLI} run -q --config ${box.settings} -- yes | head -1; exit \${PIPESTATUS[0]}`,
  ]);
  children.push(child);

  const [status] = await once(child, "close");

  assert.equal(status, 141);
  assert.equal(box.anyManifest().collectors[0]?.commands[0]?.signal, "SIGPIPE");
});

test("SIGTERM goes to the command, whose end is awaited and kept", async () => {
  const ran = box.start([
    "run",
    "--",
    "sh",
    "-c",
    "trap 'echo bye; exit 9' TERM; echo up; while :; do sleep 0.05; done",
  ]);
  await until(() => ran.output().includes("up\n"), 30_000);

  ran.kill("SIGTERM");

  assert.equal((await once(ran, "close"))[0], 9);
  assert.equal(box.read("evidence/command/stdout.txt"), "up\nbye\n");
  assert.equal(box.anyManifest().state, "complete");
});

test("what the command leaves running does not hold us, and can write when we are gone", async () => {
  const alive = join(box.folder, "alive");
  const ran = box.run([
    "run",
    "--",
    "sh",
    "-c",
    `(while [ ! -e ${alive}.go ]; do sleep 0.05; done; echo late && touch ${alive}) & echo started`,
  ]);

  assert.equal(ran.status, 0);
  const { state, collectors } = box.anyManifest();
  assert.deepEqual(
    [state, collectors[0]?.reason],
    ["partial", "it left something running, whose later output is not kept"],
  );
  writeFileSync(`${alive}.go`, "");
  await until(() => existsSync(alive), 30_000);
});

test("killed while the command runs, the next command seals what it had said, and the command lives", async () => {
  const ran = box.start(["run", "-m", "why", "--", "sh", "-c", "echo $$ said; exec sleep 600"]);
  await until(() => ran.output().includes("said"), 30_000);
  const pid = Number.parseInt(ran.output(), 10);
  undo.push(() => process.kill(pid, "SIGKILL"));
  const id = box.ids().at(-1) ?? "";
  const timing = join(box.spool, id, "evidence/command/timing.jsonl");
  await until(() => existsSync(timing) && readFileSync(timing, "utf8").endsWith("\n"), 30_000);

  ran.kill("SIGKILL");
  await once(ran, "close");
  const next = box.run(["ls"]);

  assert.equal(next.status, 0, next.stderr);
  const { state, stateReason, collectors, command } = box.anyManifest(id);
  assert.deepEqual([state, stateReason], ["interrupted", "exhibit was killed while the command ran"]);
  assert.deepEqual([collectors[0]?.status, command?.argv[0]], ["partial", "sh"]);
  assert.equal(box.read("evidence/command/stdout.txt", id), `${pid} said\n`);
  assert.match(box.run(["note", id]).stdout, /how it ended is not known/);
  assert.match(stateOf(pid) ?? "gone", /^[RSD]$/);
  await assertCleanAfterwards(box);
});

test("a disk that fills up, or is not ours, keeps no command from running", async () => {
  const full = openSandbox();
  undo.push(full.remove, mountSmall(full.spool, 192 * 1024));
  const notOurs = openSandbox();
  undo.push(notOurs.remove);
  mkdirSync(notOurs.spool, { mode: 0o700 });
  chownSync(notOurs.settings, 65_534, 65_534);
  chmodSync(notOurs.folder, 0o755);

  const filled = full.run(["run", "--", "sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x; exit 5"]);
  const refused = notOurs.run(["run", "--", "sh", "-c", "echo ran; exit 5"], { uid: 65_534 });

  assert.deepEqual([filled.status, filled.stdout.length], [5, 1_000_000], filled.stderr);
  assert.deepEqual([refused.status, refused.stdout], [5, "ran\n"]);
  assert.match(refused.stderr, /NOTHING IS KEPT: .*cannot begin a bundle: EACCES/);
  const [id = ""] = full.ids();
  assert.match(filled.stderr, /no space left|was not sealed/);
  execFileSync("mount", ["-o", "remount,size=64m", full.spool]);
  assert.equal(full.run(["ls"]).status, 0);
  const { state, collectors } = full.anyManifest(id);
  assert.notEqual(state, "complete");
  assert.match(collectors[0]?.reason ?? "", /no space left/);
  await assertCleanAfterwards(full);
});

test("on a terminal the command has one, arguments arrive as they are, and all it showed is kept", async () => {
  const args = ["", "it's", "a\nb", "$(id)", "`id`", "\\", '"', "*", "!!", "é;|&", "--", "-x"];
  writeFileSync(join(box.folder, "argv.json"), JSON.stringify(args));
  const program = join(box.folder, "program.mjs");
  writeFileSync(
    program,
    `import { readFileSync } from "node:fs";
const same = JSON.stringify(process.argv.slice(2)) === JSON.stringify(JSON.parse(readFileSync(${JSON.stringify(join(box.folder, "argv.json"))}, "utf8")));
console.log("same", same, process.stdin.isTTY, process.stdout.isTTY, process.stderr.isTTY, process.stdout.columns, process.env.SHELL);
process.exitCode = 4;`,
  );
  const quoted = args.map((one) => `'${one.replaceAll("'", `'\\''`)}'`).join(" ");
  const line = join(box.folder, "line.sh");
  writeFileSync(line, `$X -- ${process.execPath} ${program} ${quoted}\necho "status $?"; stty -a\n`);

  const shell = startOnTerminal(`bash ${line}`);
  await shell.ended;

  assert.match(shell.output(), /same true true true true 81 \/bin\/bash/);
  assert.match(shell.output(), /status 4/);
  assert.match(shell.output(), / icanon /);
  assert.equal(box.read("evidence/command/output.txt"), "same true true true true 81 /bin/bash\r\n");
  const [record] = box.anyManifest().collectors;
  assert.deepEqual([record?.status, record?.commands[0]?.exitCode], ["ok", 4]);
  assert.match(record?.method ?? "", /terminal/);
});

test("Ctrl-C on a terminal is the command's, once, whether it has a terminal or pipes", async () => {
  const trap = `trap 'echo int' INT; echo up; i=0; while [ $i -lt 2 ]; do read x && i=2; i=$((i+1)); done; exit 6`;
  const program = join(box.folder, "trap.sh");
  writeFileSync(program, trap);
  const file = join(box.folder, "piped.txt");

  const onTerminal = startOnTerminal(`$X -- sh ${program}; echo "status $?"`);
  await until(() => onTerminal.output().includes("up"), 30_000);
  onTerminal.type("\u0003");
  await until(() => onTerminal.output().includes("int"), 30_000, onTerminal.output());
  onTerminal.type("go\n");
  await onTerminal.ended;
  const shown = box.read("evidence/command/output.txt");
  const piped = startOnTerminal(`trap : INT; $X -- sh ${program} > ${file}; echo "status $?"`);
  await until(() => existsSync(file) && readFileSync(file, "utf8").includes("up"), 30_000);
  piped.type("\u0003");
  await until(() => readFileSync(file, "utf8").includes("int"), 30_000);
  piped.type("go\n");
  await piped.ended;

  for (const shell of [onTerminal, piped]) assert.match(shell.output(), /status 6/);
  assert.equal(shown.match(/int/g)?.length, 1, shown);
  assert.equal(readFileSync(file, "utf8"), "up\nint\n");
  assert.equal(box.read("evidence/command/stdout.txt"), "up\nint\n");
});

test("in the background of a terminal it is not stopped", async () => {
  const file = join(box.folder, "background.txt");

  startOnTerminal(`set -m; $X -- touch ${file} & sleep 600`);

  await until(() => existsSync(file), 30_000);
});

test("without script, pipes take the terminal's place, and that is said", async () => {
  const bin = join(box.folder, "bin");
  mkdirSync(bin);
  for (const tool of ["sh", "mkfifo", "stat"]) symlinkSync(`/usr/bin/${tool}`, join(bin, tool));

  const shell = startOnTerminal(`PATH=${bin} $X -- sh -c 'test -t 1 || echo no terminal'`);
  await shell.ended;

  assert.match(
    shell.output(),
    /COMMAND gets pipes in place of the terminal: script \(util-linux\) is not on this host/,
  );
  assert.match(shell.output(), /no terminal/);
});
