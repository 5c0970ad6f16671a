import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openProcess } from "../../src/host/process-files.ts";
import { mayInspect } from "../../src/inspector/preflight.ts";
import { gotNoSignal, look, startNode, type NodeTarget } from "../helpers/node-target.ts";
import { end } from "../helpers/started.ts";
import { stateOf } from "../helpers/exhibit.ts";
import { until } from "../helpers/until.ts";

const IDLE = "console.log('up'); setInterval(() => {}, 1000);";

/** The whole way in refuses, for this reason, and sends nothing. */
async function assertLeftAlone(
  t: TestContext,
  target: Pick<NodeTarget, "pid" | "stderr" | "stdout">,
  reason: RegExp,
): Promise<void> {
  await assert.rejects(look(t, target.pid), { name: "UnsupportedError", message: reason });

  assert.ok(gotNoSignal(target), `it got a signal: ${target.stderr()}`);
}

async function startOther(t: TestContext, command: string, args: readonly string[]) {
  const child = spawn(command, args, { stdio: "ignore" });
  t.after(() => end(child));
  await once(child, "spawn");
  return { pid: child.pid ?? 0, stdout: () => "", stderr: () => "" };
}

test("a Node process that knows nothing of us may be asked, and asking reads only", async (t) => {
  const target = await startNode(t, IDLE);
  const held = openProcess(target.pid);
  t.after(() => held.close());

  const verdict = mayInspect(held);

  assert.ok("may" in verdict, JSON.stringify(verdict));
  assert.equal(verdict.may.port, target.inspectPort);
  assert.equal(verdict.may.open, undefined);
  assert.ok(gotNoSignal(target));
});

test("what is not Node is left alone, whatever it is called", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-not-node-"));
  t.after(() => rmSync(folder, { recursive: true }));
  copyFileSync("/bin/sleep", join(folder, "node"));

  await assertLeftAlone(t, await startOther(t, join(folder, "node"), ["60"]), /it is not Node/);
});

test("an application that handles SIGUSR1 itself is left alone", async (t) => {
  const target = await startNode(t, `process.on("SIGUSR1", () => console.log("USR1")); ${IDLE}`);

  await assertLeftAlone(t, target, /handles SIGUSR1 itself/);
});

test("an application that took its handler of SIGUSR1 out again would be ended by it, and is left alone", async (t) => {
  const target = await startNode(
    t,
    `const own = () => {}; process.on("SIGUSR1", own); process.off("SIGUSR1", own); ${IDLE}`,
  );

  await assertLeftAlone(t, target, /does not take SIGUSR1/);
});

test("a port that somebody else has is not fought for", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  const inspectPort = typeof address === "object" ? address?.port : undefined;
  const target = await startNode(t, IDLE, inspectPort === undefined ? {} : { inspectPort });

  await assertLeftAlone(t, target, /port \d+, where its inspector would listen, is taken/);
});

test("a debugger that is connected already is not disturbed", async (t) => {
  const target = await startNode(t, IDLE, { flags: ["--inspect"] });
  const debug = connect(target.inspectPort, "127.0.0.1");
  t.after(() => debug.destroy());
  await once(debug, "connect");

  await assert.rejects(look(t, target.pid), { message: /somebody is connected to its inspector already/ });
});

test("a stopped process stays as it is", async (t) => {
  const target = await startNode(t, IDLE);
  process.kill(target.pid, "SIGSTOP");
  await until(() => stateOf(target.pid) === "T", 30_000);

  await assertLeftAlone(t, target, /it is stopped/);
});

test("a traced process is left to its tracer", async (t) => {
  const target = await startNode(t, IDLE);
  const gdb = spawn("gdb", ["-q", "-nx", "-p", String(target.pid)], { stdio: ["pipe", "ignore", "ignore"] });
  t.after(() => end(gdb));
  await until(() => stateOf(target.pid) === "t", 20_000);

  await assertLeftAlone(t, target, /it is traced by process \d+/);
});

test("the permission model has no inspector: nothing is sent", async (t) => {
  const flag = process.versions.node.startsWith("20.") ? "--experimental-permission" : "--permission";
  const target = await startNode(t, IDLE, { flags: [flag, "--allow-fs-read=*", "--no-warnings"] });

  await assertLeftAlone(t, target, /permission model/);
});

test("a process that is gone is said to be gone", async (t) => {
  const target = await startNode(t, IDLE);
  const held = openProcess(target.pid);
  t.after(() => held.close());
  await end(target.child);

  assert.deepEqual(mayInspect(held), { mayNot: "it has ended" });
});
