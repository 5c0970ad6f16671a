// A real systemd for tests of units, in namespaces of its own (boot-systemd.sh says how it is kept off the host).
// It needs root, util-linux and systemd; without them the tests fail and say what to run.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseCgroupMounts } from "../../src/parsers/cgroup-mounts.ts";
import { until } from "./until.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const SCRIPT = fileURLToPath(new URL("boot-systemd.sh", import.meta.url));

const BOOT_LIMIT_MS = 60_000;

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Systemd {
  /** Process 1 of the namespaces, as the host numbers it. */
  readonly pid: number;
  /** Runs a command inside all its namespaces, as root. */
  readonly run: (...argv: readonly string[]) => Promise<Ran>;
  /** Runs a TypeScript file of this repository inside. */
  readonly runScript: (path: string, ...argv: readonly string[]) => Promise<Ran>;
  /** Puts a file below /run/systemd/system and loads it. Give every unit DefaultDependencies=no. */
  readonly addUnit: (name: string, text: string) => Promise<void>;
  /** Puts a file below /run. */
  readonly addFile: (name: string, text: string) => void;
  /** Ends everything that runs inside, and removes what was made on the host. */
  readonly stop: () => Promise<void>;
}

/** Boots it and waits until it answers. */
export async function bootSystemd(): Promise<Systemd> {
  requireRootAndTools();
  const folder = mkdtempSync(join(tmpdir(), "exhibit-systemd-"));
  const cgroup = makeCgroup();
  const child = spawn(SCRIPT, [folder, cgroup, REPOSITORY, process.execPath], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const stop = async () => {
    await endAll(child);
    removeCgroups(cgroup);
    rmdirSync(folder);
  };
  const check = () => {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`systemd did not boot: ${said}`);
  };
  try {
    let pid = 0;
    await until(() => (check(), (pid = childOf(child.pid ?? 0)) > 0), BOOT_LIMIT_MS, "unshare has a child");
    const run = (...argv: readonly string[]) => enter(pid, argv);
    const isUp = async () => (
      check(),
      (await run("systemctl", "is-active", "test.target")).stdout.trim() === "active"
    );
    await until(isUp, BOOT_LIMIT_MS, "systemd is up");
    return {
      pid,
      run,
      stop,
      runScript: (path, ...argv) =>
        run(process.execPath, "--import", import.meta.resolve("tsx"), join(REPOSITORY, path), ...argv),
      addFile: (name, text) => writeFileSync(`/proc/${pid}/root/run/${name}`, text),
      addUnit: async (name, text) => {
        writeFileSync(`/proc/${pid}/root/run/systemd/system/${name}`, text);
        await run("systemctl", "daemon-reload");
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function requireRootAndTools(): void {
  const missing = ["/lib/systemd/systemd", "/usr/bin/unshare", "/usr/bin/setpriv", "/usr/bin/nsenter"].filter(
    (path) => !existsSync(path),
  );
  if (process.getuid?.() === 0 && missing.length === 0) return;
  throw new Error(
    `this test boots a real systemd, which needs root and the packages systemd and util-linux${missing.length > 0 ? ` (missing: ${missing.join(", ")})` : ""}; run:\n` +
      `  sudo apt-get install systemd util-linux && sudo env "PATH=$PATH" node --import tsx --test test/target/systemd.test.ts`,
  );
}

/** A control group of our own at the top of systemd's hierarchy: v1 by name, else the unified one. */
function makeCgroup(): string {
  const [mount] = parseCgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
  if (mount === undefined)
    throw new Error("this test needs a cgroup hierarchy: mount -t cgroup2 cgroup2 /sys/fs/cgroup");
  const path = `${mount}/exhibit-test-${process.pid}-${process.hrtime.bigint()}`;
  mkdirSync(path);
  return path;
}

/**
 * The script becomes `unshare`, which has one child: the script inside, which becomes systemd. 0 while it has none, or
 * has not yet a pid namespace of its own.
 */
function childOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  if (!/^\d+$/.test(children)) return 0;
  const isInside = /^NSpid:\t\d+\t(?:\d+\t)*1$/m.test(readFileSync(`/proc/${children}/status`, "utf8"));
  return isInside ? Number(children) : 0;
}

function enter(pid: number, argv: readonly string[]): Promise<Ran> {
  const nsenter = ["-t", String(pid), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "--", ...argv];
  return new Promise((resolve) => {
    execFile("nsenter", nsenter, { encoding: "utf8" }, (error, stdout, stderr) => {
      resolve({
        exitCode: typeof error?.code === "number" ? error.code : error === null ? 0 : 255,
        stdout,
        stderr,
      });
    });
  });
}

/** SIGKILL for process 1 ends its whole pid namespace, and `unshare` with it; before there is one, the script is killed. */
async function endAll(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  const inside = childOf(child.pid);
  if (inside > 0) process.kill(inside, "SIGKILL");
  child.kill("SIGKILL");
  await ended;
  if (inside > 0) await until(() => !existsSync(`/proc/${inside}`), BOOT_LIMIT_MS, "the namespaces are gone");
}

/** Groups are folders that only rmdir removes, from the bottom up. */
function removeCgroups(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeCgroups(`${folder}/${entry.name}`);
  rmdirSync(folder);
}
