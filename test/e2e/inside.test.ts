import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { openSandbox, type Sandbox } from "../helpers/exhibit.ts";
import { ECHO, SERVICE, servicePort, startNode, type NodeTarget } from "../helpers/node-target.ts";
import { otherVersions } from "../helpers/node-versions.ts";
import { until } from "../helpers/until.ts";

/** Longer than any of these captures lasts: none of them waits for its end. */
const WINDOW = "40s";

async function startCapture(t: Pick<TestContext, "after">, target: NodeTarget, window = WINDOW) {
  const box = openSandbox(
    `profiles: {inside: {summary: a test, collectors: [{name: runtime, options: {inspector: auto}}], window: ${window}}}\n`,
  );
  t.after(() => box.remove());
  const agent = box.start(["capture", "--pid", String(target.pid), "-p", "inside", "-b", "60s", "--no-note"]);
  t.after(() => agent.kill("SIGKILL"));
  const over = once(agent, "exit");
  return {
    box,
    /** How its one collector ended. */
    record: async () => {
      await over;
      return (
        box.manifest().collectors.find(({ name }) => name === "runtime") ??
        assert.fail(`no record of it: ${agent.output()}`)
      );
    },
    readJson: (file: string) => JSON.parse(box.read(`evidence/runtime/${file}`)),
  };
}

/** Its observers are in: what they tell has a file, which this gives. */
async function toldBy(box: Sandbox): Promise<() => string> {
  const path = () => join(box.spool, box.ids().at(-1) ?? "none", "evidence/runtime/http.jsonl");
  await until(() => existsSync(path()), 30_000);
  return () => readFileSync(path(), "utf8");
}

describe("the target does not outlive the window", { concurrency: true }, () => {
  test("one that is killed: said in a sentence, and what was seen is kept as a part", async (t) => {
    const target = await startNode(t, SERVICE);
    const capture = await startCapture(t, target);
    const told = await toldBy(capture.box);
    await until(async () => {
      await fetch(`http://127.0.0.1:${servicePort(target)}/boom/1`).then((answer) => answer.text());
      return told().includes("/boom/");
    }, 30_000);

    target.child.kill("SIGKILL");
    const record = await capture.record();

    assert.equal(record.status, "partial");
    assert.match(
      record.reason ?? "",
      /^(?:.*; )?the process ended \d+\.\d s into the window: what was seen until then is kept, and is not the whole$/,
    );
    assert.equal(record.inside?.removed, true);
    const summary = capture.readJson("summary.json");
    assert.equal(summary.ended_in_window, true);
    assert.deepEqual(
      [summary.routes[0].kind, summary.routes[0]["http.response.status_code"]],
      ["server", 500],
    );
    assert.equal(summary.routes[0].count, summary.requests_listed);
    assert.equal(summary.heap, undefined);
  });

  test("one that ends by itself does not wait for us, as Node waits for a debugger", async (t) => {
    // It tells of its end when its last line has run.
    const source = `process.on("exit", () => console.log("last line")); process.stdin.once("data", () => process.exit(3)); ${ECHO}`;
    const target = await startNode(t, source);
    const capture = await startCapture(t, target);
    await toldBy(capture.box);

    const exited = once(target.child, "exit");
    target.child.stdin?.write("end\n");
    await until(() => target.stdout().includes("last line"), 20_000);
    const began = performance.now();
    const [status] = await exited;
    const heldMs = performance.now() - began;
    const record = await capture.record();

    assert.equal(status, 3);
    assert.ok(heldMs < 3000, `its end was held up for ${heldMs} ms`);
    assert.match(record.reason ?? "", /the process ended \d+\.\d s into the window/);
    assert.doesNotMatch(record.reason ?? "", /context/);
  });

  test("one that starts another program in its place is said to have", async (t) => {
    const { binary } =
      otherVersions().find(({ version }) => version.startsWith("24.")) ?? assert.fail("no Node 24");
    const source = `process.stdin.once("data", () => process.execve("/bin/sleep", ["sleep", "60"])); ${ECHO}`;
    const target = await startNode(t, source, { binary });
    const capture = await startCapture(t, target);
    await toldBy(capture.box);

    target.child.stdin?.write("now\n");
    const record = await capture.record();

    assert.match(record.reason ?? "", /the process started another program in its place \d+\.\d s into/);
  });
});

describe("what is beside the main thread", { concurrency: true }, () => {
  test("workers of a cluster and what was forked are told by their pids, and how each is captured", async (t) => {
    const target = await startNode(
      t,
      `const cluster = require("node:cluster"), { fork, spawn } = require("node:child_process");
       cluster.setupPrimary({ exec: "-e", args: ["setInterval(() => {}, 1000)"], execArgv: [] });
       const workers = [cluster.fork().process.pid, cluster.fork().process.pid];
       const forked = fork("-e", ["setInterval(() => {}, 1000)"], { execArgv: [] }).pid;
       const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]).pid;
       const shell = spawn("sleep", ["60"]).pid;
       console.log(JSON.stringify({ workers, forked, other, shell }));
       setInterval(() => {}, 1000);`,
    );
    const { workers, forked, other, shell } = JSON.parse(target.stdout());
    t.after(() => spawnSync("kill", ["-KILL", ...[...workers, forked, other, shell].map(String)]));
    const capture = await startCapture(t, target, "2s");

    const record = await capture.record();

    assert.deepEqual(capture.readJson("summary.json").children_not_observed, [
      ...workers.map((pid: number) => ({ pid, kind: "cluster" })),
      { pid: forked, kind: "fork" },
      { pid: other, kind: "other" },
    ]);
    const reason = record.reason ?? "";
    assert.match(
      reason,
      new RegExp(`workers of its cluster, .*, pid ${workers.join(", ")}; each by: exhibit capture --pid PID`),
    );
    assert.match(reason, new RegExp(`processes that it forked, .*, pid ${forked};`));
  });

  test("a main thread that stays in native code for the whole window is a finding", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "exhibit-native-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const fifo = join(folder, "nobody-writes");
    execFileSync("mkfifo", [fifo]);
    const target = await startNode(
      t,
      `console.log("up"); setTimeout(() => require("node:fs").openSync(${JSON.stringify(fifo)}), 20);`,
    );
    const capture = await startCapture(t, target, "3s");

    const record = await capture.record();

    assert.equal(record.status, "unsupported");
    assert.match(record.reason ?? "", /its main thread gave no answer for \d+ ms/);
    const reading = capture.box.manifest().readings.find(({ id }) => id === "event-loop-blocked");
    assert.match(reading?.text ?? "", /main thread was asked to open its inspector, and did not come around/);
  });
});

test("of a process that forbids it to be gone into the share of garbage collection is known all the same", async (t) => {
  const collecting = `process.on("SIGUSR1", () => undefined);
    const keep = []; setInterval(() => { for (let i = 0; i < 20000; i++) keep.push({ i }); if (keep.length > 400000) keep.length = 0; }, 5);
    ${ECHO}`;
  const target = await startNode(t, collecting);
  const capture = await startCapture(t, target, "3s");

  const record = await capture.record();

  assert.equal(record.status, "unsupported");
  assert.match(
    record.reason ?? "",
    /^requests and the event loop are unknown: .*SIGUSR1.*; the GC share is known/,
  );
  assert.equal(record.inside, undefined);
  const { gc } = capture.readJson("summary.json");
  assert.ok(gc.count > 0 && gc.share_pct > 0 && gc.share_pct < 100, JSON.stringify(gc));
  assert.match(capture.box.read("evidence/runtime/gc-trace.txt"), new RegExp(`^\\[${target.pid}:0x`));
  const reading = capture.box.manifest().readings.find(({ id }) => id === "gc-share");
  if (gc.share_pct >= 10) assert.equal(reading?.method, "v8-trace");
});
