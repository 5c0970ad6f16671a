// Slow: it starts Node some twenty times.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { openProcess } from "../../src/host/process-files.ts";
import { openRelay } from "../../src/inspector/connection.ts";
import { openInspector } from "../../src/inspector/open.ts";
import { mayInspect } from "../../src/inspector/preflight.ts";
import { readBasics } from "../../src/target/basics.ts";
import {
  cameAround,
  ECHO,
  gotNoSignal,
  look,
  marksFolder,
  spawnNode,
  startInFirstMoment,
  startNode,
  type NodeTarget,
} from "../helpers/node-target.ts";
import { end } from "../helpers/started.ts";
import { stateOf } from "../helpers/exhibit.ts";
import { until } from "../helpers/until.ts";

type Watched = Pick<NodeTarget, "pid" | "stderr" | "stdout">;

/** The whole way in refuses, for this reason, and sends nothing: what cannot run has no signal waiting. */
async function assertLeftAlone(t: TestContext, target: Watched, reason: RegExp): Promise<void> {
  await assert.rejects(look(t, target.pid), { name: "UnsupportedError", message: reason });

  assert.ok(gotNoSignal(target), `it got a signal: ${target.stderr()}`);
}

/** The same of one that runs ECHO: it also lives on, and nothing has come of a signal when its loop has come around. */
async function assertGoesOn(t: TestContext, target: NodeTarget, reason: RegExp): Promise<void> {
  await assertLeftAlone(t, target, reason);

  await cameAround(target);
  assert.ok(gotNoSignal(target), `it got a signal: ${target.stderr()} ${target.stdout()}`);
}

const OWN_HANDLER = `process.on("SIGUSR1", () => console.log("USR1")); ${ECHO}`;

async function startOther(t: TestContext, command: string, args: readonly string[]) {
  const child = spawn(command, args, { stdio: "ignore" });
  t.after(() => end(child));
  await once(child, "spawn");
  return { pid: child.pid ?? 0, stdout: () => "", stderr: () => "" };
}

test("a Node process that knows nothing of us may be asked, and asking reads only", async (t) => {
  const target = await startNode(t, ECHO);
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
  const target = await startNode(t, OWN_HANDLER);

  await assertGoesOn(t, target, /handles SIGUSR1 itself/);
});

test("an application that took its handler of SIGUSR1 out again would be ended by it, and is left alone", async (t) => {
  const target = await startNode(
    t,
    `const own = () => {}; process.on("SIGUSR1", own); process.off("SIGUSR1", own); ${ECHO}`,
  );

  await assertGoesOn(t, target, /does not take SIGUSR1, which would end it/);
});

test("a handler of SIGUSR1 that comes between the preflight and the signal is seen: nothing is sent", async (t) => {
  const target = await startNode(
    t,
    `process.stdin.once("data", () => process.on("SIGUSR1", () => console.log("USR1"))); ${ECHO}`,
  );
  const held = openProcess(target.pid);
  t.after(() => held.close());
  const verdict = mayInspect(held);
  assert.ok("may" in verdict);

  const opening = openInspector({
    held,
    startTime: readBasics(held)?.startTime ?? "",
    clearance: verdict.may,
    relay: await openRelay({ enter: undefined, mark: "/nowhere" }),
    signal: new AbortController().signal,
    limitMs: 10_000,
    isOurs: false,
    onSignal: () => cameAround(target),
    onOpen: async () => undefined,
  });

  await assert.rejects(opening, { name: "UnsupportedError", message: /it handles SIGUSR1 itself/ });
  await cameAround(target);
  assert.ok(gotNoSignal(target), target.stdout());
});

test("a port that somebody else has is not fought for", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  const inspectPort = typeof address === "object" ? address?.port : undefined;
  const target = await startNode(t, ECHO, inspectPort === undefined ? {} : { inspectPort });

  await assertGoesOn(t, target, /port \d+, where its inspector would listen, is taken/);
});

test("a debugger that is connected already is not disturbed", async (t) => {
  // Its own handler would say so.
  const target = await startNode(t, OWN_HANDLER, { flags: ["--inspect"] });
  const debug = connect(target.inspectPort, "127.0.0.1");
  t.after(() => debug.destroy());
  await once(debug, "connect");

  const reason = /somebody is connected to its inspector already/;
  await assert.rejects(look(t, target.pid), { name: "UnsupportedError", message: reason });

  await cameAround(target);
  assert.doesNotMatch(target.stdout(), /USR1/);
  assert.equal(debug.destroyed, false);
});

test("a stopped process stays as it is", async (t) => {
  const target = await startNode(t, ECHO);
  process.kill(target.pid, "SIGSTOP");
  await until(() => stateOf(target.pid) === "T", 30_000);

  await assertLeftAlone(t, target, /it is stopped/);
});

test("a traced process is left to its tracer", async (t) => {
  const target = await startNode(t, ECHO);
  const gdb = spawn("gdb", ["-q", "-nx", "-p", String(target.pid)], { stdio: ["pipe", "ignore", "ignore"] });
  t.after(() => end(gdb));
  await until(() => stateOf(target.pid) === "t", 20_000);

  await assertLeftAlone(t, target, /it is traced by process \d+/);
});

test("the permission model has no inspector: nothing is sent", async (t) => {
  const flag = process.versions.node.startsWith("20.") ? "--experimental-permission" : "--permission";
  const target = await startNode(t, ECHO, { flags: [flag, "--allow-fs-read=*", "--no-warnings"] });

  await assertGoesOn(t, target, /permission model/);
});

test("a process in its first moment is left alone, and starts as if nobody had looked", async (t) => {
  const { target, goOn } = await startInFirstMoment(t);

  await assertLeftAlone(t, target, /does not take SIGUSR1: it is starting/);

  goOn();
  await until(() => target.stdout().includes("up"), 20_000);
  await cameAround(target);
  assert.ok(gotNoSignal(target), target.stderr());
});

test("whoever starts is refused until it may be asked, and the first moment that it may it lives on", async (t) => {
  for (let round = 0; round < 2; round++) {
    const { child } = await spawnNode(t, ECHO);
    const refusals: string[] = [];
    const marks = marksFolder(t);
    let inspected: Awaited<ReturnType<typeof look>> | undefined;
    await until(async () => {
      inspected = await look(t, child.pid ?? 0, marks).catch((error: unknown) => {
        refusals.push(String(error));
        return undefined;
      });
      return inspected !== undefined;
    }, 30_000);
    const record = await inspected?.leave();

    assert.equal(typeof record?.closedAt, "string");
    assert.deepEqual([child.exitCode, child.signalCode], [null, null]);
    for (const refusal of refusals) assert.match(refusal, /UnsupportedError|it is not Node|it is starting/);
  }
});

test("in another network namespace, without the right to enter it, nothing is sent", async (t) => {
  const target = await startNode(t, ECHO, { prefix: ["unshare", "--net"] });
  // As root in a container: everything but CAP_SYS_ADMIN.
  const dropped = ["--bounding-set=-sys_admin", "--inh-caps=-sys_admin"];
  const looker = new URL("../helpers/look-process.ts", import.meta.url).pathname;
  const words = [...dropped, process.execPath, "--import", "tsx", looker, String(target.pid)];

  const { stdout } = await promisify(execFile)("setpriv", words);

  assert.match(stdout, /^UnsupportedError: .*its network namespace cannot be entered; run as root/);
  await cameAround(target);
  assert.ok(gotNoSignal(target), target.stderr());
});

test("a process that is gone is said to be gone", async (t) => {
  const target = await startNode(t, ECHO);
  const held = openProcess(target.pid);
  t.after(() => held.close());
  await end(target.child);

  assert.deepEqual(mayInspect(held), { mayNot: "it has ended" });
});
