// Slow: it waits for limits to pass, some ten seconds.
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { BusyError, startGuardian } from "../../src/host/guardian.ts";
import { programOfText } from "../helpers/program.ts";
import { until } from "../helpers/until.ts";

const folder = mkdtempSync(join(tmpdir(), "exhibit-guardian-"));
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function startTarget(): { pid: number; startTime: string } {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  children.push(child);
  const pid = child.pid ?? 0;
  return { pid, startTime: statOf(pid)[19] ?? "" };
}

/** A process that starts a guardian of the target, announces a pause, stops the target and waits to be killed. */
function startAgent(
  target: { pid: number; startTime: string },
  runId: string,
  between: string,
): ChildProcess {
  const program = `
    import { startGuardian } from ${JSON.stringify(new URL("../../src/host/guardian.ts", import.meta.url).pathname)};
    const guardian = await startGuardian({ lockPath: ${JSON.stringify(join(folder, runId))}, waitMs: 0, runId: ${JSON.stringify(runId)},
      pid: ${target.pid}, startTime: ${JSON.stringify(target.startTime)} });
    ${between}
    console.log("ready");
    setInterval(() => {}, 1000);`;
  const [node, path] = programOfText(program);
  const child = spawn(node, [path], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  return child;
}

const strays = () =>
  spawnSync("pgrep", ["-f", "^sleep 61.5$"], { encoding: "utf8" }).stdout.split("\n").filter(Boolean);

const ready = (agent: ChildProcess) => new Promise((resolve) => agent.stdout?.once("data", resolve));

test("a stopped target runs again when the agent is killed", async () => {
  const target = startTarget();
  const agent = startAgent(
    target,
    "killed",
    `await guardian.pause(60_000); process.kill(${target.pid}, "SIGSTOP");`,
  );
  await ready(agent);
  await until(() => statOf(target.pid)[0] === "T", 30_000);

  agent.kill("SIGKILL");

  await until(() => statOf(target.pid)[0] === "S", 30_000);
});

test("a target that somebody else stopped stays stopped when the agent dies outside a pause", async () => {
  const target = startTarget();
  const agent = startAgent(
    target,
    "outside",
    `await guardian.pause(60_000); await guardian.resumed(); process.kill(${target.pid}, "SIGSTOP");`,
  );
  await ready(agent);

  agent.kill("SIGKILL");
  // The guardian has ended when its lock can be had.
  const next = await startGuardian({
    lockPath: join(folder, "outside"),
    waitMs: 5000,
    runId: "n",
    ...target,
  });
  await next.release();

  assert.equal(statOf(target.pid)[0], "T");
});

test("the target runs again after the limit when the agent is frozen", async () => {
  const target = startTarget();
  const agent = startAgent(
    target,
    "frozen",
    `await guardian.pause(1000); process.kill(${target.pid}, "SIGSTOP");`,
  );
  await ready(agent);

  agent.kill("SIGSTOP");

  await until(() => statOf(target.pid)[0] === "S", 30_000);
});

test("a target that somebody else stops after the agent was killed in a pause stays stopped when the limit is over", async () => {
  const target = startTarget();
  const agent = startAgent(
    target,
    "limit",
    `await guardian.pause(3000); process.kill(${target.pid}, "SIGSTOP");`,
  );
  await ready(agent);
  agent.kill("SIGKILL");
  // The guardian has let it run, and has ended, when its lock can be had.
  const waits = { lockPath: join(folder, "limit"), waitMs: 30_000, runId: "n", ...target };
  await (await startGuardian(waits)).release();
  await until(() => statOf(target.pid)[0] === "S", 30_000);

  process.kill(target.pid, "SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 4000));

  assert.equal(statOf(target.pid)[0], "T");
});

test("what was started for the capture dies with the agent, daemons too", async () => {
  const target = startTarget();
  const start = `
    const { spawn } = await import("node:child_process");
    spawn("setsid", ["-f", "sleep", "61.5"], { env: { ...process.env, EXHIBIT_RUN: "strays.1" }, stdio: "ignore" });`;
  const agent = startAgent(target, "strays", start);
  await ready(agent);
  await until(() => strays().length === 1, 30_000);

  agent.kill("SIGKILL");

  await until(() => strays().length === 0, 30_000);
});

test("a second guardian of the same target is refused while the first lives", async () => {
  const target = startTarget();
  const request = { lockPath: join(folder, "busy"), waitMs: 0, runId: "r", ...target };
  const first = await startGuardian(request);

  await assert.rejects(startGuardian(request), BusyError);

  await first.release();
  const second = await startGuardian(request);
  await second.release();
});

test("a guardian that waits for a lock is given up at once when the signal aborts, and holds nothing afterwards", async () => {
  const target = startTarget();
  const request = { lockPath: join(folder, "given-up"), runId: "given-up", ...target };
  const first = await startGuardian({ ...request, waitMs: 0 });
  const stop = new AbortController();
  const start = performance.now();
  const second = startGuardian({ ...request, waitMs: 30_000, signal: stop.signal });
  // Its answer is looked at before we abort, so that nobody misses it.
  const failure = assert.rejects(second, /could not be started/);

  stop.abort();

  await failure;
  assert.ok(performance.now() - start < 20_000);
  await first.release();
  await (await startGuardian({ ...request, waitMs: 0 })).release();
});

test("a guardian waits for a fraction of a second, not for the whole one", async () => {
  const target = startTarget();
  const request = { lockPath: join(folder, "fraction"), runId: "fraction", ...target };
  const first = await startGuardian({ ...request, waitMs: 0 });
  const waits: number[] = [];

  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    await assert.rejects(startGuardian({ ...request, waitMs: 100 }), BusyError);
    waits.push(performance.now() - start);
  }

  // The least: what others do to the machine only ever adds.
  assert.ok(Math.min(...waits) < 900, waits.join(" "));
  await first.release();
});

test("a guardian that is frozen does not keep us from going on", async () => {
  const target = startTarget();
  const lockPath = join(folder, "stopped-shell");
  const guardian = await startGuardian({ lockPath, waitMs: 0, runId: "stopped-shell", ...target });
  const [shell] = spawnSync("pgrep", ["-f", `exhibit-guardian ${lockPath}`], {
    encoding: "utf8",
  }).stdout.split("\n");
  process.kill(Number(shell), "SIGSTOP");

  await guardian.release();

  await until(() => spawnSync("pgrep", ["-f", `exhibit-guardian ${lockPath}`]).status === 1, 30_000);
});

test("without a shell, or without flock, it is said that there is no guardian, never that the target is busy", async () => {
  const target = startTarget();
  const tools = join(folder, "tools");
  mkdirSync(tools);
  symlinkSync("/bin/sh", join(tools, "sh"));
  const start = (path: string) => {
    const before = process.env.PATH;
    // What we run is also looked for where administrators' tools are: none of those has a shell.
    process.env.PATH = path;
    const starting = startGuardian({
      lockPath: join(folder, "no-tools"),
      waitMs: 0,
      runId: "no-tools",
      ...target,
    });
    process.env.PATH = before;
    return starting;
  };

  for (const path of [join(folder, "nothing-here"), tools])
    await assert.rejects(start(path), { name: "ExhibitError", message: /the guardian could not be started/ });
});
