import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CLI } from "../helpers/exhibit.ts";

const folder = mkdtempSync(join(tmpdir(), "exhibit-completion-"));
after(() => rmSync(folder, { recursive: true }));
const bin = join(folder, "bin");
mkdirSync(bin);

function program(name: string, text: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(bin, name), 0o755);
}
program("exhibit", `exec ${process.execPath} ${CLI} --config ${join(folder, "exhibit.yaml")} "$@"`);
program(
  "systemctl",
  "printf '%s\\n' 'muskie@7.service loaded active running Muskie' 'moray.service loaded active running Moray'",
);
writeFileSync(
  join(folder, "exhibit.yaml"),
  `spool: {path: ${folder}/spool}\nstore: {default: {type: directory, path: ${folder}/archive}}\n`,
);
writeFileSync(join(folder, "settings.yaml"), "");

const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, HOME: folder, TERM: "dumb" };

function script(shell: string): string {
  const path = join(folder, shell === "zsh" ? "_exhibit" : `exhibit.${shell}`);
  const { stdout, status } = spawnSync(process.execPath, [CLI, "completion", shell], { encoding: "utf8" });
  assert.equal(status, 0);
  writeFileSync(path, stdout);
  return path;
}
const bash = script("bash");
const fish = script("fish");
const zsh = script("zsh");

/** What bash offers for a line, with the words parted as readline does it. */
function inBash(line: string): string[] {
  const body = `source ${bash}
COMP_LINE=$1 COMP_POINT=\${#1}
_exhibit 2>/dev/null
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = spawnSync("bash", ["--norc", "-c", body, "bash", line], {
    encoding: "utf8",
    env,
    cwd: folder,
  });
  return stdout.split("\n").filter(Boolean).toSorted();
}

function inFish(line: string): string[] {
  const body = `source ${fish}; complete -C ${JSON.stringify(line)}`;
  const { stdout } = spawnSync("fish", ["--no-config", "-c", body], { encoding: "utf8", env, cwd: folder });
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((one) => one.split("\t")[0] ?? "")
    .toSorted();
}

/** zsh's completion needs a terminal: one of its own (zpty), and a key that lists what would be offered. */
function inZsh(line: string): string {
  const body = `zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PROMPT='GO> '; LISTMAX=1000; fpath=(${folder} \\$fpath); autoload -Uz compinit; compinit -u -D; print -n REA; print DY"
zpty -r shell answer '*READY*GO> *'
zpty -w -n shell $1$'\\C-D'
for ((i = 0; i < 400; i++)); do zpty -r -t shell part && all+=$part || sleep 0.05; [[ $all == *$2* ]] && break; done
print -r -- $all`;
  return spawnSync("zsh", ["-f", "-c", body, "zsh", line, "completion"], {
    encoding: "utf8",
    env,
    cwd: folder,
    timeout: 60_000,
  }).stdout;
}

test("bash completes commands, options, their values and targets", () => {
  assert.deepEqual(inBash("exhibit co"), ["completion", "config"]);
  assert.deepEqual(inBash("exhibit -q gu"), ["guard"]);
  assert.deepEqual(inBash("exhibit help gua"), ["guard"]);
  assert.deepEqual(inBash("exhibit guard --ma"), ["--match", "--max-pause", "--max-size"]);
  assert.deepEqual(inBash("exhibit guard --core s"), ["snapshot", "stop"]);
  assert.deepEqual(inBash("exhibit guard mo"), ["moray.service"]);
  assert.deepEqual(inBash("exhibit capture -p be"), ["before-restart"]);
  assert.deepEqual(inBash("exhibit capture --only thr"), ["threads"]);
  assert.deepEqual(inBash("exhibit completion z"), ["zsh"]);
});

test("bash completes a unit past the @ where readline parts words, and leaves reasons alone", () => {
  assert.deepEqual(inBash("exhibit guard muskie@"), ["7.service"]);
  assert.deepEqual(inBash("exhibit guard x -m mo"), []);
});

test("bash completes files for --config and commands after --", () => {
  assert.deepEqual(inBash("exhibit config --config sett"), ["settings.yaml"]);
  assert.ok(inBash("exhibit guard x -- systemc").includes("systemctl"));
});

test("fish completes commands, options, their values and targets", () => {
  assert.deepEqual(inFish("exhibit co"), ["completion", "config"]);
  assert.deepEqual(inFish("exhibit guard --ma"), ["--match", "--max-pause", "--max-size"]);
  assert.deepEqual(inFish("exhibit guard --core s"), ["snapshot", "stop"]);
  assert.deepEqual(inFish("exhibit guard mus"), ["muskie@7.service"]);
  assert.deepEqual(inFish("exhibit completion z"), ["zsh"]);
});

test("zsh lists the commands with their summaries", () => {
  assert.equal(spawnSync("zsh", ["-n", zsh]).status, 0);
  assert.match(inZsh("exhibit co"), /completion +-- bash, zsh or fish/);
});
