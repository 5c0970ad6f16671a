// `exhibit check` on live processes: what it answers, with what status, and that it keeps nothing.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { CheckResult } from "../../src/commands/results/check.ts";
import { portOf } from "../helpers/contracts/port.ts";
import { openSandbox, type Sandbox } from "../helpers/exhibit.ts";
import { startNode } from "../helpers/node-target.ts";
import { until } from "../helpers/until.ts";

const LEAKS_ON_CLOSE = `
  const net = require("node:net");
  const server = net.createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}).resume());
  server.listen(0, "127.0.0.1", () => {
    let left = 60;
    for (let i = 0; i < 60; i++)
      net.connect(server.address().port, "127.0.0.1", function () { this.end("bye"); if (--left === 0) setTimeout(() => console.log("ready"), 200); });
  });
`;
const connected = (port: number) =>
  `require("node:net").connect(${port}, "127.0.0.1", () => console.log("ready"))`;

// Other checks may run on this host meanwhile: each has its process id in the name of its folder.
const foldersOf = (checking: number | undefined) =>
  readdirSync("/dev/shm").filter((name) => name.startsWith(`exhibit-check-${checking}-`)).length;

describe("check", () => {
  let box: Sandbox;
  before(() => {
    box = openSandbox();
  });
  after(() => box.remove());

  const check = async (...args: readonly string[]) => {
    const { status, stdout, stderr } = await box.runBeside(["check", ...args, "--json"]);
    assert.ok(stdout !== "", stderr);
    return { status, checks: CheckResult.parse(JSON.parse(stdout)).checks };
  };

  /** What of a dependency is told. */
  const ask = async (pid: number, where: string) => {
    const { status, checks } = await check("--pid", String(pid), "--connected-to", where);
    const told = checks[0]?.readings.find(({ id }) => id === "disconnected");
    return { status, speaksFor: told?.speaksFor };
  };

  test("of a healthy process: nothing speaks for a restart, and nothing is kept", async (t) => {
    const { pid } = await startNode(t, "setInterval(() => {}, 1000); console.log('ready')");

    const { status, checks } = await check("--pid", String(pid));

    assert.equal(status, 0);
    assert.ok(checks[0]?.answer === "nothing" || checks[0]?.answer === "elsewhere", checks[0]?.text);
    assert.ok(!checks[0].readings.some(({ speaksFor }) => speaksFor === "restart"));
    assert.deepEqual(box.ids(), []);
  });

  test("of one that never closes what its peers closed: that speaks for a restart, with the raw line", async (t) => {
    const { pid } = await startNode(t, LEAKS_ON_CLOSE);

    const { status, checks } = await check("--pid", String(pid));

    assert.equal(status, 1);
    assert.equal(checks[0]?.answer, "restart");
    const found = checks[0].readings.find(({ id }) => id === "close-wait");
    assert.equal(found?.value, 60);
    assert.match(found.line ?? "", /CLOSE-WAIT/);
    const page = await box.runBeside(["check", "--pid", String(pid)]);
    assert.match(page.stdout, /^Something speaks for a restart/m);
  });

  test("of a dependency: connected, given up on, or not there at all", async (t) => {
    const server = createServer().listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const place = `127.0.0.1:${portOf(server)}`;
    const [has, hasNot] = await Promise.all([
      startNode(t, connected(portOf(server))),
      startNode(t, "setInterval(() => {}, 1000); console.log('ready')"),
    ]);
    assert.deepEqual(await ask(has.pid, place), { status: 0, speaksFor: undefined });
    assert.deepEqual(await ask(hasNot.pid, place), { status: 1, speaksFor: "restart" });
    assert.deepEqual(await ask(hasNot.pid, "127.0.0.1:1"), { status: 0, speaksFor: "not-restart" });
  });

  test("that is interrupted leaves nothing behind, nor does one that was killed once the next has run", async (t) => {
    const { pid } = await startNode(t, "setInterval(() => {}, 1000); console.log('ready')");
    const end = async (signal: NodeJS.Signals | undefined) => {
      const run = box.start(["check", "--pid", String(pid)]);
      const exit = once(run, "exit");
      await until(() => foldersOf(run.pid) === 1, 30_000);
      if (signal) run.kill(signal);
      return { checking: run.pid, exit: await exit };
    };

    const whole = await end(undefined);
    const interrupted = await end("SIGINT");
    const killed = await end("SIGKILL");

    assert.deepEqual([whole.exit, foldersOf(whole.checking)], [[0, null], 0]);
    assert.deepEqual([interrupted.exit, foldersOf(interrupted.checking)], [[130, null], 0]);
    assert.deepEqual(killed.exit, [null, "SIGKILL"]);
    await check("--pid", String(pid));
    assert.equal(foldersOf(killed.checking), 0);
  });

  test("says when it cannot tell, and what is wrong with a question", async (t) => {
    const { pid } = await startNode(t, "setInterval(() => {}, 1000); console.log('ready')");

    const unresolved = await check("--pid", String(pid), "--connected-to", "nowhere.invalid:80");
    const gone = box.run(["check", "--pid", "4194304"]);
    const wrong = box.run(["check", "--pid", String(pid), "--connected-to", "nowhere"]);

    assert.equal(unresolved.status, 3);
    assert.match(unresolved.checks[0]?.text ?? "", /nowhere\.invalid:80/);
    assert.equal(gone.status, 3);
    assert.match(gone.stderr, /4194304/);
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /expected HOST:PORT/);
  });
});
