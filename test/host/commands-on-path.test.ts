// Together: PATH is put back before the next test.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { hasCommand, lookUpCommand } from "../../src/host/commands-on-path.ts";

const folder = mkdtempSync(join(tmpdir(), "exhibit-path-"));
after(() => rmSync(folder, { recursive: true }));

function makeFile(name: string, mode: number): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, mode);
  return path;
}

const plain = makeFile("first/tool", 0o644);
const executable = makeFile("second/tool", 0o755);
makeFile("first/only-plain", 0o644);
mkdirSync(join(folder, "first", "folder"));
symlinkSync("nowhere", join(folder, "first", "dangling"));
const path = `${join(folder, "first")}:${join(folder, "second")}:${join(folder, "not-there")}`;

test("an executable file further along PATH wins over one that merely has the name", () => {
  assert.deepEqual(lookUpCommand("tool", path), { state: "found", path: executable });
});

test("a file that cannot be executed is told apart from none", () => {
  assert.deepEqual(lookUpCommand("only-plain", path), {
    state: "not-executable",
    path: join(folder, "first", "only-plain"),
  });
  assert.deepEqual(lookUpCommand("no-such-tool", path), { state: "missing" });
});

test("a folder and a dangling link on PATH are no commands", () => {
  assert.deepEqual(lookUpCommand("folder", path), { state: "missing" });
  assert.deepEqual(lookUpCommand("dangling", path), { state: "missing" });
});

test("a name with a slash is taken as it is, and a folder cannot be executed", () => {
  assert.equal(lookUpCommand(executable, "").state, "found");
  assert.equal(lookUpCommand(plain, "").state, "not-executable");
  assert.equal(lookUpCommand(folder, "").state, "not-executable");
  assert.equal(lookUpCommand(`${executable}/below`, "").state, "missing");
});

test("an empty name or one with a NUL is no command", () => {
  assert.equal(lookUpCommand("").state, "missing");
  assert.equal(lookUpCommand("a\0b").state, "missing");
});

test("hasCommand finds what every host has, and not what none has", async () => {
  assert.deepEqual([await hasCommand("sh"), await hasCommand("exhibit-no-such-command")], [true, false]);
});

test("an empty PATH is no reason not to find the tools of the host", async () => {
  const before = process.env.PATH;
  process.env.PATH = "";

  const found = hasCommand("sh");
  process.env.PATH = before;

  assert.ok(await found);
});
