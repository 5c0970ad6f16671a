// Between the signal that opens an inspector and the observers in the target nothing in there could close it: the relay does.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openRelay } from "../../src/inspector/connection.ts";
import { markPath, readMark, writeMark } from "../../src/inspector/marks.ts";
import { readBootId } from "../../src/host/process-identity.ts";
import { isListening } from "../helpers/inspect-rounds.ts";
import {
  ECHO,
  cameAround,
  marksFolder,
  startNode,
  startTimeOf,
  type NodeTarget,
} from "../helpers/node-target.ts";
import { processesWith } from "../helpers/processes-with.ts";
import { until } from "../helpers/until.ts";

const sourceOf = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);

const isClosed = (target: NodeTarget) => isListening(target.pid, target.inspectPort) === false;
const hasOpened = ({ stderr }: NodeTarget) => stderr().includes("Debugger listening");

function markOf(target: NodeTarget, served: number) {
  const identity = { pid: target.pid, startTime: startTimeOf(target.pid) };
  return {
    ...identity,
    bootId: readBootId(),
    port: target.inspectPort,
    agent: { pid: served, startTime: "1" },
  };
}

/** As a capture goes in: a relay, a mark, and the signal. Then it waits for whatever comes. */
async function startLooker(t: TestContext, target: NodeTarget, marks: string) {
  const mark = markOf(target, 0);
  const source = `
    const { openRelay } = await import(${sourceOf("inspector/connection.ts")});
    const { markPath, writeMark } = await import(${sourceOf("inspector/marks.ts")});
    const mark = { ...${JSON.stringify(mark)}, agent: { pid: process.pid, startTime: "1" } };
    await openRelay({ enter: undefined, mark: markPath(${JSON.stringify(marks)}, mark) });
    await writeMark(${JSON.stringify(marks)}, mark);
    process.kill(mark.pid, "SIGUSR1");
    process.stdout.write("sent\\n");
    setInterval(() => undefined, 1000);`;
  // A file: the words that it was started with start its relay, too.
  const file = join(marks, "looker.mjs");
  writeFileSync(file, source);
  const looker = spawn(process.execPath, ["--import", "tsx", file], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => looker.kill("SIGKILL"));
  const told = await new Promise((resolve) => looker.stdout.once("data", resolve).once("close", resolve));
  assert.equal(String(told), "sent\n");
  return { looker, path: markPath(marks, mark) };
}

for (const [how, what] of [
  ["SIGKILL", "killed"],
  ["SIGSTOP", "frozen"],
] as const)
  test(`a capture ${what} right after its signal leaves no open inspector`, async (t) => {
    const target = await startNode(t, ECHO);
    const { looker, path } = await startLooker(t, target, marksFolder(t));
    looker.kill(how);

    await until(() => hasOpened(target), 20_000);
    await until(() => isClosed(target), 20_000);
    await until(() => !existsSync(path) && processesWith(path).length === 0, 20_000);
    await cameAround(target);
    assert.ok(isClosed(target));
  });

test("an inspector that opens late, when the capture has long been killed, is closed", async (t) => {
  // In native code no signal of an inspector gets through.
  const target = await startNode(
    t,
    `process.stdin.once("data", () => { console.log("busy"); require("node:child_process").execSync("sleep 3"); }); ${ECHO}`,
  );
  target.child.stdin?.write("go\n");
  await until(() => target.stdout().includes("busy"), 20_000);
  const { looker, path } = await startLooker(t, target, marksFolder(t));
  looker.kill("SIGKILL");
  assert.ok(!hasOpened(target));

  await until(() => hasOpened(target), 20_000);
  await until(() => isClosed(target) && !existsSync(path), 20_000);
  await until(() => processesWith(path).length === 0, 20_000);
});

test("handed over, an inspector is closed; one that somebody else's mark tells of is left alone", async (t) => {
  const target = await startNode(t, ECHO);
  const marks = marksFolder(t);
  const path = markPath(marks, markOf(target, 0));
  const others = await openRelay({ enter: undefined, mark: path });
  await writeMark(marks, markOf(target, process.pid + 1));
  process.kill(target.pid, "SIGUSR1");
  await until(() => isListening(target.pid, target.inspectPort) === true, 20_000);
  others.handOver();
  await until(() => processesWith(path).length === 0, 20_000);
  assert.ok(!isClosed(target));

  const relay = await openRelay({ enter: undefined, mark: path });
  await writeMark(marks, markOf(target, process.pid));
  relay.handOver();
  await until(() => isClosed(target), 20_000);
  await until(() => processesWith(path).length === 0, 20_000);
  assert.equal(await readMark(path), undefined);
});

test("a relay whose capture had not begun ends with it at once", async (t) => {
  const path = markPath(marksFolder(t), { pid: 1, startTime: "1" });
  const relay = await openRelay({ enter: undefined, mark: path });
  assert.equal(processesWith(path).length, 1);
  relay.handOver();
  await until(() => processesWith(path).length === 0, 5000);
});
