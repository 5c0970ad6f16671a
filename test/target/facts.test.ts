import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, linkSync, mkdtempSync, readFileSync, rmSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Target } from "../../src/bundle/manifest.ts";
import type { HeldProcess } from "../../src/host/process-files.ts";
import { openProcess } from "../../src/host/process-files.ts";
import { readTarget, splitAtNul } from "../../src/target/facts.ts";
import { start } from "../helpers/started.ts";

const ASKED = { kind: "pid", asked: "42" } as const;

function hold(t: TestContext, pid: number): HeldProcess {
  const held = openProcess(pid);
  t.after(held.close);
  return held;
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-facts-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("the facts of a process are those that /proc and ps tell, and fit the manifest", async (t) => {
  const { pid } = await start(t, ["sh", "-c", "echo up; read x", "an argument", ""]);

  const target = readTarget(hold(t, pid), { ...ASKED, service: "muskie@7.service" });

  const [uid, bytes, threads] = execFileSync("ps", ["-o", "uid=,vsz=,nlwp=", "-p", String(pid)], {
    encoding: "utf8",
  })
    .trim()
    .split(/\s+/)
    .map(Number);
  assert.deepEqual(Target.parse(target), target);
  assert.equal(target.pid, pid);
  assert.equal(target.parentPid, process.pid);
  assert.equal(target.command, "sh");
  assert.deepEqual(target.arguments, ["sh", "-c", "echo up; read x", "an argument", ""]);
  assert.equal(target.executable, execFileSync("readlink", ["-f", "/bin/sh"], { encoding: "utf8" }).trim());
  assert.equal(target.executableDeleted, false);
  assert.equal(target.service, "muskie@7.service");
  assert.equal(target.uid, uid);
  assert.equal(target.virtualBytes, (bytes ?? 0) * 1024);
  assert.equal(target.threads, threads);
  assert.ok((target.residentBytes ?? 0) > 100_000);
  const age = Date.now() - Date.parse(target.startedAt ?? "");
  assert.ok(age > -2000 && age < 60_000, `started ${age} ms ago`);
});

test("a name that a process gave itself to look like other fields changes none of them", async (t) => {
  const { pid } = await start(t, [
    "sh",
    "-c",
    'printf "x) R 1 1\\n\\033[1m" >/proc/self/comm; echo up; read x',
  ]);

  const target = readTarget(hold(t, pid), ASKED);

  assert.equal(readFileSync(`/proc/${pid}/comm`, "latin1"), "x) R 1 1\n\u001b[1m\n");
  assert.equal(target.command, "x) R 1 1\\n\\x1b[1m");
  assert.equal(target.parentPid, process.pid);
  assert.equal(target.threads, 1);
});

test("arguments that are no text, or too long, are shown escaped and cut", async (t) => {
  const long = "y".repeat(100_000);
  const { pid } = await start(t, [
    "sh",
    "-c",
    "echo up; read x",
    "\u001b]0;title\u0007\nroot",
    "\u202eevil",
    long,
  ]);

  const target = readTarget(hold(t, pid), ASKED);

  assert.deepEqual(target.arguments?.slice(3, 5), ["\\x1b]0;title\\x07\\nroot", "\\u{202e}evil"]);
  assert.equal(target.arguments?.[5]?.length, 1000);
});

test("only so many arguments are shown, and how many more there are", async (t) => {
  const many = Array.from({ length: 500 }, (_, index) => String(index));
  const { pid } = await start(t, ["sh", "-c", "echo up; read x", ...many]);

  const target = readTarget(hold(t, pid), ASKED);

  assert.equal(target.arguments?.length, 201);
  assert.equal(target.arguments?.at(-1), "… 303 more");
});

test("an executable that was removed is said to be, under its own name", async (t) => {
  const folder = folderOf(t);
  const path = join(folder, "odd)\nname");
  copyFileSync("/bin/sleep", path);
  const { pid } = await start(t, [path, "1000"], { silent: true });
  const held = hold(t, pid);

  unlinkSync(path);
  const target = readTarget(held, ASKED);

  assert.equal(target.executable, `${folder}/odd)\\nname`);
  assert.equal(target.executableDeleted, true);
});

test("an executable whose name ends like the kernel's mark is not taken for a removed one", async (t) => {
  const path = join(folderOf(t), "sleep (deleted)");
  copyFileSync("/bin/sleep", path);
  const { pid } = await start(t, [path, "1000"], { silent: true });
  const held = hold(t, pid);

  const there = readTarget(held, ASKED);
  // Another name keeps the file, but not this name.
  linkSync(path, `${path} 2`);
  unlinkSync(path);
  const removed = readTarget(held, ASKED);

  assert.deepEqual([there.executable, there.executableDeleted], [path, false]);
  assert.deepEqual([removed.executable, removed.executableDeleted], [path, true]);
});

const texts = (bytes: string) => splitAtNul(Buffer.from(bytes)).map(String);

test("a title that was written over the arguments does not show as empty ones", () => {
  assert.deepEqual(texts("nginx: master process\0\0\0\0\0\0"), ["nginx: master process"]);
  assert.deepEqual(texts("grep\0\0"), ["grep", ""]);
  assert.deepEqual(texts("title without an end"), ["title without an end"]);
  assert.deepEqual(texts(""), []);
});
