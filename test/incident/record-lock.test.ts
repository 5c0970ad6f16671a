import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { lutimes, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { withRecordLock } from "../../src/incident/record-lock.ts";

describe("withRecordLock", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "record-lock-"));
    await mkdir(join(folder, ".locks"));
  });
  after(() => rm(folder, { recursive: true }));

  const locksOf = async (name: string) =>
    (await readdir(join(folder, ".locks"))).filter((entry) => entry.startsWith(name));

  test("lets one in at a time, in one process too", async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside++;
      most = Math.max(most, inside);
      await readdir(folder);
      inside--;
    };

    await Promise.all(Array.from({ length: 20 }, () => withRecordLock(folder, "a", work)));

    assert.equal(most, 1);
  });

  test("is free again after work that failed", async () => {
    await assert.rejects(
      withRecordLock(folder, "b", () => Promise.reject(new Error("no"))),
      /no/,
    );

    assert.equal(await withRecordLock(folder, "b", async () => "in"), "in");
  });

  test("is taken over from a process that was killed, by exactly one of many", async () => {
    const child = spawn("sleep", ["100"]);
    const stat = await readFile(`/proc/${child.pid}/stat`, "latin1");
    const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "latin1")).trim();
    await symlink(
      `${child.pid} ${startTime} ${boot} ${await readlink("/proc/self/ns/pid")}`,
      join(folder, ".locks", "c.7"),
    );
    child.kill("SIGKILL");
    await once(child, "exit");
    let inside = 0;
    let most = 0;

    await Promise.all(
      Array.from({ length: 10 }, () =>
        withRecordLock(folder, "c", async () => {
          most = Math.max(most, ++inside);
          await readdir(folder);
          inside--;
        }),
      ),
    );

    assert.equal(most, 1);
    assert.deepEqual(await locksOf("c."), ["c.17"]);
  });

  test("is taken over from a pid that is another process now", async () => {
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "latin1")).trim();
    await symlink(
      `${process.pid} 1 ${boot} ${await readlink("/proc/self/ns/pid")}`,
      join(folder, ".locks", "d.1"),
    );

    assert.equal(await withRecordLock(folder, "d", async () => "in"), "in");
  });

  test("is taken over from another host or boot only when it is old", async () => {
    const path = join(folder, ".locks", "e.1");
    await symlink("1 1 another-boot pid:[1]", path);
    const old = new Date(Date.now() - 61_000);
    await lutimes(path, old, old);

    assert.equal(await withRecordLock(folder, "e", async () => "in"), "in");
  });
});
