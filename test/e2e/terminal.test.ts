import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { CLI, openSandbox } from "../helpers/exhibit.ts";
import { until } from "../helpers/until.ts";

const box = openSandbox();
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  box.remove();
});

function startTarget(): Promise<string> {
  const child = spawn(
    process.execPath,
    ["--inspect-port=0", "-e", "setInterval(() => {}, 100); console.log('up')"],
    {
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  children.push(child);
  return new Promise((resolve) => child.stdout.once("data", () => resolve(String(child.pid))));
}

/** A shell's line on a terminal of its own of 80 columns (script(1)); what is typed goes to its stdin. */
function startOnTerminal(line: string) {
  const shell = spawn("script", ["-qec", `stty cols 80 rows 24; ${line}`, "/dev/null"], {
    env: { ...process.env, TERM: "xterm", SHELL: "/bin/bash" },
  });
  children.push(shell);
  let output = "";
  shell.stdout.on("data", (data) => (output += String(data)));
  const ended = new Promise<number | null>((resolve) => shell.once("exit", resolve));
  return { type: (text: string) => shell.stdin.write(text), ended, output: () => output };
}

const guardLine = (pid: string, command: string, budget = "20s") =>
  `${process.execPath} ${CLI} guard --pid ${pid} -p quick -b ${budget} --config ${box.settings} -- ${command}`;

test("a guard in the background of a terminal is not stopped by it: COMMAND runs", async () => {
  const ran = join(box.folder, "ran-in-background");
  const pid = await startTarget();

  const shell = startOnTerminal(`set -m; ${guardLine(pid, `touch ${ran}`, "2s")} & sleep 1000`);

  await until(() => existsSync(ran), 30_000, shell.output());
});

test("s starts COMMAND at once, on a terminal that reads whole lines again", async () => {
  const pid = await startTarget();
  const shell = startOnTerminal(guardLine(pid, "stty -a"));
  await until(() => shell.output().includes("go on now"), 30_000);

  shell.type("s");

  assert.equal(await shell.ended, 0, shell.output());
  assert.match(shell.output(), /going on to stty -a/);
  assert.match(shell.output(), / icanon /);
  assert.match(shell.output(), / echo /);
});

test("Ctrl-C keeps COMMAND from running, and leaves a terminal that reads whole lines", async () => {
  const ran = join(box.folder, "ran-after-ctrl-c");
  const pid = await startTarget();
  const shell = startOnTerminal(`${guardLine(pid, `touch ${ran}`)}; echo "status $?"; stty -a`);
  await until(() => shell.output().includes("go on now"), 30_000);

  shell.type("\u0003");

  await shell.ended;
  assert.match(shell.output(), /status 130/);
  assert.match(shell.output(), / icanon /);
  assert.ok(!existsSync(ran));
});

test("no line on a terminal is longer than it is wide while a capture runs", async () => {
  const pid = await startTarget();
  const shell = startOnTerminal(
    guardLine(pid, "true a-long-word-of-a-command-that-is-shown-while-it-waits", "3s"),
  );

  await shell.ended;

  const live = shell
    .output()
    .split("all taken so far")[0]
    ?.split(/[\r\n]+/)
    // oxlint-disable-next-line no-control-regex -- colours and "clear to the end of the line" take no room
    .map((line) => line.replaceAll(/\u001b\[[0-9;]*[mK]/g, ""));
  assert.deepEqual(
    live?.filter((line) => line.length > 80),
    [],
  );
});
