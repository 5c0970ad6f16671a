import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, openSync, closeSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openProcess } from "../../src/host/process-files.ts";
import { end, start } from "../helpers/started.ts";

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-process-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("files, folders and links of a held process are read, in both ways", async (t) => {
  const { pid } = await start(t, ["sh", "-c", "echo up; read x"]);
  const held = openProcess(pid);
  t.after(held.close);

  const sync = [held.readSync("comm"), held.listSync("task"), held.linkSync("cwd")];
  const later = [await held.read("comm"), await held.list("task"), await held.link("cwd")];

  assert.deepEqual(sync, [Buffer.from("sh\n"), [String(pid)], Buffer.from(process.cwd())]);
  assert.deepEqual(later, sync);
});

test("a read ends at its limit", async (t) => {
  const held = openProcess(process.pid);
  t.after(held.close);

  assert.equal(held.readSync("maps", 100).length, 100);
  assert.equal((await held.read("maps", 100)).length, 100);
});

test("a process that has ended is never read as something else", async (t) => {
  const { pid, child } = await start(t, ["sh", "-c", "echo up; read x"]);
  const held = openProcess(pid);
  t.after(held.close);

  await end(child);

  assert.throws(() => held.readSync("stat"), { code: /^(ESRCH|ENOENT)$/ });
  await assert.rejects(held.read("stat"), { code: /^(ESRCH|ENOENT)$/ });
  assert.throws(() => openProcess(pid), { name: "TargetError", message: `process ${pid} is gone` });
});

test("no name leads out of /proc", async (t) => {
  const held = openProcess(process.pid);
  t.after(held.close);

  for (const name of [
    "../1/stat",
    "/etc/passwd",
    "root/etc/passwd",
    "cwd/x",
    "task/1/root/x",
    "fd/0/x",
    "a\0b",
    ".",
  ])
    assert.throws(() => held.readSync(name), { code: "EINVAL" }, name);
  for (const name of ["root", "cwd", "fd/1"])
    assert.throws(() => held.readSync(name), { code: /ELOOP/ }, name);
  for (const name of ["root", "cwd", "fd/0"])
    assert.throws(() => held.listSync(name), { code: "EINVAL" }, name);
  await assert.rejects(held.read("root/etc/passwd"), { code: "EINVAL" });
});

test("of the links out of /proc only the executable is read, as the kernel alone can make it", async (t) => {
  const held = openProcess(process.pid);
  t.after(held.close);

  assert.equal(held.readSync("exe", 4).toString("latin1"), "\x7fELF");
  assert.equal((await held.read("exe", 4)).toString("latin1"), "\x7fELF");
});

test("after it was let go, a process is not read, and reads under way still finish on it", async () => {
  const held = openProcess(process.pid);
  const reading = held.read("status");

  held.close();
  held.close();

  assert.match((await reading).toString(), new RegExp(`^Pid:\\t${process.pid}$`, "m"));
  assert.throws(() => held.readSync("status"), { code: "EBADF" });
  await assert.rejects(held.read("status"), { code: "EBADF" });
});

test("the tail of a file that the process has open is its last bytes, also when its name is gone", async (t) => {
  const path = join(folderOf(t), "log");
  writeFileSync(path, "first\n");
  const descriptor = openSync(path, "a");
  t.after(() => closeSync(descriptor));
  rmSync(path);
  appendFileSync(descriptor, "last\n");
  const held = openProcess(process.pid);
  t.after(held.close);

  assert.equal((await held.tail(`fd/${descriptor}`, 5)).toString(), "last\n");
  assert.equal((await held.tail(`fd/${descriptor}`, 1000)).toString(), "first\nlast\n");
});

test("the tail of a fifo, a pipe and a device is refused at once", async (t) => {
  const fifo = join(folderOf(t), "fifo");
  execFileSync("mkfifo", [fifo]);
  const { pid } = await start(t, ["sh", "-c", 'exec 8<>"$0" 9</dev/zero; echo up; read x', fifo]);
  const held = openProcess(pid);
  t.after(held.close);

  for (const name of ["fd/8", "fd/9", "fd/0"])
    await assert.rejects(held.tail(name, 10), { code: "EINVAL" }, name);
});
