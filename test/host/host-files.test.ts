import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hostFiles, linkHostSync, listHostSync, readHostSync } from "../../src/host/host-files.ts";

test("files of the kernel that say size 0 are read whole, in both ways", async () => {
  const sync = readHostSync("/proc/sys/kernel/random/boot_id");

  assert.match(sync.toString(), /^[0-9a-f-]{36}\n$/);
  assert.deepEqual(await hostFiles.read("/proc/sys/kernel/random/boot_id"), sync);
});

test("a read of a host's file ends at its limit", async () => {
  assert.equal(readHostSync("/proc/self/maps", 10).length, 10);
  assert.equal((await hostFiles.read("/proc/self/maps", 10)).length, 10);
});

test("folders and links of the host are read, in both ways", async () => {
  assert.deepEqual(linkHostSync("/proc/mounts"), Buffer.from("self/mounts"));
  assert.deepEqual(await hostFiles.link("/proc/mounts"), Buffer.from("self/mounts"));
  assert.ok(listHostSync("/proc/sys").includes("kernel"));
  assert.ok((await hostFiles.list("/proc/sys")).includes("kernel"));
});

test("a fifo and a device are refused at once, and so is a path that is not absolute", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-host-"));
  t.after(() => rmSync(folder, { recursive: true }));
  execFileSync("mkfifo", [join(folder, "fifo")]);

  for (const path of [join(folder, "fifo"), "/dev/zero", "etc/hostname"]) {
    assert.throws(() => readHostSync(path), { code: "EINVAL" }, path);
    await assert.rejects(hostFiles.read(path), { code: "EINVAL" }, path);
  }
});

test("what is not there fails as the system says", async () => {
  assert.throws(() => readHostSync("/proc/nothing"), { code: "ENOENT" });
  await assert.rejects(hostFiles.read("/proc/nothing"), { code: "ENOENT" });
});
