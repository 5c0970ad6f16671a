import assert from "node:assert/strict";
import { test } from "node:test";
import { openProgress } from "../../src/commands/progress.ts";
import { styleOf } from "../../src/commands/style.ts";

/** What a terminal shows of the bytes that were written: "\r" and "clear to the end of the line" are obeyed. */
function screenOf(written: string): string[] {
  return written.split("\n").map((line) => line.split("\r\u001b[K").at(-1) ?? "");
}

function openOn(columns: number, command?: string) {
  let written = "";
  const display = openProgress({
    write: (text) => (written += text),
    isTty: true,
    columns,
    style: styleOf({ colour: false }),
    quiet: false,
    verbose: false,
    command,
  });
  const begin = { kind: "found", captureId: "x", path: "/x", collectUntilMs: 9900, elapsedMs: 0 } as const;
  display.show(begin);
  const start = (name: string) => display.show({ kind: "started", name, tool: name, estimateMs: 1 });
  return { ...display, start, lines: () => screenOf(written) };
}

test("the live line tells what is left, both keys, what runs, and the end of COMMAND", () => {
  const { start, lines, close } = openOn(100, "systemctl restart muskie@7");

  for (const name of ["threads", "host", "sockets", "logs"]) start(name);

  assert.match(
    lines().at(-1) ?? "",
    /^ 9\.\d s left {3}\[s\] go on now {3}\[Ctrl-C\] stop, run nothing {3}threads host \+2 {3}then: ….*start muskie@7$/,
  );
  close();
});

test("on 80 columns the live line tells what is left, both keys, and what COMMAND is done to", () => {
  const { start, lines, close } = openOn(80, "systemctl restart muskie@7");
  const short = openOn(80, "true");

  for (const name of ["threads", "host", "sockets", "logs"]) start(name);
  short.start("core");

  assert.match(
    lines().at(-1) ?? "",
    /^ 9\.\d s left {3}\[s\] go on now {3}\[Ctrl-C\] stop, run nothing {3}then: ….*muskie@7$/,
  );
  assert.equal(lines().at(-1)?.length, 79);
  assert.match(short.lines().at(-1) ?? "", / core {3}then: true$/);
  close();
  short.close();
});

test("the live line is never as long as the terminal is wide, and says where it was cut", () => {
  const { start, lines, close } = openOn(60, "systemctl restart muskie@7");

  start("open-files");

  assert.equal(lines().at(-1)?.length, 59);
  assert.match(lines().at(-1) ?? "", /…$/);
  close();
});

test("a plain capture has no COMMAND to tell of", () => {
  const { start, lines, close } = openOn(80);

  start("core");

  assert.match(lines().at(-1) ?? "", /^ 9\.\d s left {3}\[s\] go on now {3}\[Ctrl-C\] stop {3}core$/);
  close();
});

test("a collector that ends takes the place of the live line, which comes again below it", () => {
  const { show, start, lines, close } = openOn(80, "true");
  start("core");

  show({ kind: "ended", name: "core", status: "ok", durationMs: 1100, pausedMs: 444 });

  assert.deepEqual(lines().slice(-2, -1), ["  core         ok          1.1 s, stopped 444 ms"]);
  assert.match(lines().at(-1) ?? "", / s left/);
  close();
  assert.equal(lines().at(-1), "");
});
