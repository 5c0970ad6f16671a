import assert from "node:assert/strict";
import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  truncateSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { coreProblems, fileProblems } from "../../src/core/core-check.ts";
import { readCoreFile } from "../../src/core/elf-core.ts";
import { gdbCoreArgv } from "../../src/core/gdb.ts";
import { ExhibitError } from "../../src/errors.ts";
import { parseGdbCore, type GdbCoreOutput } from "../../src/parsers/gdb-core.ts";

let folder = "";
let target: ChildProcess;
let path = "";
let threadsBefore: readonly number[] = [];
let gdb: GdbCoreOutput;

const threadsOf = (pid: number) => readdirSync(`/proc/${pid}/task`).map(Number);

async function takeCore(pid: number, file: string) {
  const [command, ...args] = gdbCoreArgv({ pid, path: file });
  const { stdout, stderr } = await promisify(execFile)(command, args, {
    env: { PATH: process.env.PATH, LC_ALL: "C" },
  });
  return parseGdbCore(stdout, stderr);
}

async function start(
  file: string,
  args: readonly string[],
): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "ignore"] });
  await once(child, "spawn");
  assert.ok(child.pid);
  return Object.assign(child, { pid: child.pid });
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "exhibit core-"));
  path = join(folder, "core");
  target = await start(process.execPath, ["-e", "console.log(1); setInterval(() => {}, 1000)"]);
  assert.ok(target.stdout);
  await once(target.stdout, "data");
  threadsBefore = threadsOf(target.pid ?? 0);
  gdb = await takeCore(target.pid ?? 0, path);
});

after(() => {
  target.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

test("gdb takes a core of a live Node that passes every check, and lets it go", async () => {
  const pid = target.pid ?? 0;

  const core = await readCoreFile(path);

  assert.ok(core?.contents);
  assert.deepEqual(new Set(core.contents.threadIds), new Set(threadsBefore));
  const buildId = /Build ID: ([0-9a-f]+)/.exec(
    execFileSync("readelf", ["-n", readlinkSync(`/proc/${pid}/exe`)], { encoding: "utf8" }),
  );
  assert.equal(core.contents.buildId, buildId?.[1]);
  const evidence = { core, threadsBefore, threadsAfter: threadsOf(pid), targetAfter: "alive" } as const;
  assert.deepEqual(coreProblems(evidence, gdb), []);
  assert.match(readFileSync(`/proc/${pid}/status`, "utf8"), /^State:\t[SR]/m);
});

test("a core that was cut off is found out by its own headers", async () => {
  const stump = join(folder, "stump");
  copyFileSync(path, stump);
  const whole = await readCoreFile(path);
  truncateSync(stump, 1_000_000);

  const core = await readCoreFile(stump);

  assert.ok(core);
  assert.deepEqual(fileProblems(core), [
    `the core ends at 1000000 bytes where its headers need ${whole?.sizeBytes}`,
  ]);
  assert.equal(core.contents?.threadIds, undefined);
});

test("a file too short for its headers is no core, and a missing one is nothing", async () => {
  const stump = join(folder, "short");
  copyFileSync(path, stump);
  truncateSync(stump, 100);

  assert.deepEqual(await readCoreFile(stump), { sizeBytes: 100, contents: undefined });
  assert.equal(await readCoreFile(join(folder, "none")), undefined);
});

test("the executable may be deleted and named like an option, with blanks and a dollar", async () => {
  const program = join(folder, "-e $(id) 'x'");
  copyFileSync("/bin/sleep", program);
  const child = await start(program, ["100"]);
  rmSync(program);

  const output = await takeCore(child.pid, join(folder, "core of a deleted one"));

  child.kill("SIGKILL");
  const core = await readCoreFile(join(folder, "core of a deleted one"));
  assert.ok(core?.contents);
  assert.equal(output.detached, true);
  assert.deepEqual(fileProblems(core), []);
  assert.deepEqual(core.contents.threadIds, [child.pid]);
});

test("a path that could begin another command of gdb's is refused", () => {
  assert.throws(() => gdbCoreArgv({ pid: 1, path: "/spool/core\nshell id" }), ExhibitError);
  assert.throws(() => gdbCoreArgv({ pid: 1, path: "core" }), ExhibitError);
  assert.throws(() => gdbCoreArgv({ pid: Number.NaN, path: "/core" }), ExhibitError);
});
