import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CLI, openSandbox } from "../helpers/exhibit.ts";
import { until } from "../helpers/until.ts";

// "long" holds its target for as long as any of these tests needs.
const box = openSandbox("profiles: {long: {summary: long, collectors: [process, threads], window: 40s}}\n");
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

/** A file system that answers nothing any more, as a dead NFS server does: bindfs(1) whose process is stopped. */
async function mountStuck(): Promise<{ readonly path: string; readonly unmount: () => void }> {
  // Not in the sandbox: what is removed with it must not wait for it.
  const folder = mkdtempSync(join(tmpdir(), "exhibit-stuck-"));
  const [source, path] = [join(folder, "behind"), join(folder, "stuck")];
  for (const each of [source, path]) mkdirSync(each, { recursive: true });
  const daemon = spawn("bindfs", ["-f", source, path], { stdio: "ignore" });
  children.push(daemon);
  const isMounted = () => readFileSync("/proc/self/mounts", "utf8").includes(` ${path} `);
  await until(isMounted, 30_000, "bindfs mounts; as root: apt-get install bindfs");
  daemon.kill("SIGSTOP");
  return {
    path,
    unmount: () => {
      spawnSync("umount", ["-l", path]);
      daemon.kill("SIGKILL");
    },
  };
}

/** Starts a guard whose spool never answers. */
function startStuck(spool: string, words: readonly string[]) {
  const start = performance.now();
  const guard = spawn(process.execPath, [CLI, "guard", "--config", box.settings, ...words], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, NO_COLOR: "1", EXHIBIT_SPOOL_PATH: join(spool, "spool") },
  });
  children.push(guard);
  let output = "";
  guard.stderr.on("data", (data) => (output += String(data)));
  const ended = new Promise<number | null>((resolve) => guard.once("exit", resolve));
  return { guard, ended, output: () => output, elapsedMs: () => performance.now() - start };
}

const isCapturing = () => existsSync(join(box.spool, ".locks"));

test("COMMAND starts within the budget when the spool never answers, and its exit status is ours", async () => {
  const ran = join(box.folder, "ran-in-time");
  const pid = await startTarget();
  const stuck = await mountStuck();
  after(stuck.unmount);
  const { ended, output, elapsedMs } = startStuck(stuck.path, [
    "--pid",
    pid,
    "-b",
    "2s",
    "--",
    "sh",
    "-c",
    `: > ${ran}; exit 7`,
  ]);

  await until(() => existsSync(ran), 30_000);
  // Two seconds, and what a busy host takes to start two programs; the file system would never have answered.
  assert.ok(elapsedMs() < 12_000, output());

  assert.equal(await ended, 7);
  assert.match(output(), /NOTHING WAS SAVED: .*its file system does not answer/);
});

test("a stop is obeyed when the spool never answers: COMMAND is not run", async () => {
  const ran = join(box.folder, "ran-though-stopped");
  const pid = await startTarget();
  const stuck = await mountStuck();
  after(stuck.unmount);
  const { guard, ended, output } = startStuck(stuck.path, ["--pid", pid, "-b", "30s", "--", "touch", ran]);
  // Node itself catches the other two from its start.
  await until(() => caught(guard.pid, 1), 30_000);

  guard.kill("SIGTERM");

  assert.equal(await ended, 143, output());
  assert.ok(!existsSync(ran));
});

/** Whether a process catches a signal (proc(5), SigCgt). */
function caught(pid: number | undefined, signal: number): boolean {
  const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
  return (BigInt(`0x${mask}`) & (1n << BigInt(signal - 1))) !== 0n;
}

test("while another capture holds the target, COMMAND starts within the budget, and a stop keeps it from running", async () => {
  const pid = await startTarget();
  const [ran, never] = [join(box.folder, "ran-while-busy"), join(box.folder, "ran-after-stop")];
  const first = box.start(["capture", "--pid", pid, "-p", "long", "-b", "60s"]);
  children.push(first);
  const firstEnded = new Promise((resolve) => first.once("exit", resolve));
  await until(() => isCapturing() && box.ids().length > 0, 30_000);
  const stopped = box.start(["guard", "--pid", pid, "-b", "30s", "--", "touch", never]);
  children.push(stopped);
  const stoppedEnded = new Promise((resolve) => stopped.once("exit", resolve));
  await until(() => stopped.output().includes("saving evidence"), 30_000);

  stopped.kill("SIGINT");
  const status = await stoppedEnded;
  const start = performance.now();
  const busy = box.run(["guard", "--pid", pid, "-b", "4s", "--", "touch", ran]);

  assert.ok(performance.now() - start < 15_000);
  assert.equal(first.exitCode, null, "the first capture still ran");
  assert.deepEqual([status, existsSync(never)], [130, false], stopped.output());
  assert.deepEqual([busy.status, existsSync(ran)], [0, true]);
  assert.match(busy.stderr, /NOTHING WAS SAVED: another capture of process \d+ is under way/);
  first.kill("SIGTERM");
  await firstEnded;
});
