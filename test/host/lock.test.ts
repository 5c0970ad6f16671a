import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { holdLock } from "../../src/host/lock.ts";
import { end, start } from "../helpers/started.ts";

const folder = mkdtempSync(join(tmpdir(), "exhibit-lock-"));
after(() => rmSync(folder, { recursive: true }));

test("a lock is held by one at a time, and by the next once it is released", async () => {
  const path = join(folder, "one");
  const first = await holdLock(path, 0);

  const second = await holdLock(path, 0);
  await first?.release();
  const third = await holdLock(path, 0);
  await third?.release();

  assert.deepEqual([first !== undefined, second, third !== undefined], [true, undefined, true]);
});

test("who waits gets the lock when it becomes free", async () => {
  const path = join(folder, "waited");
  const first = await holdLock(path, 0);

  const waiting = holdLock(path, 20_000);
  await first?.release();
  const second = await waiting;
  await second?.release();

  assert.ok(second);
});

test("two locks of different names do not meet", async () => {
  const one = await holdLock(join(folder, "a"), 0);

  const other = await holdLock(join(folder, "b"), 0);

  assert.ok(one && other);
  await one.release();
  await other.release();
});

test("the lock of a process that was killed is free", async (t) => {
  const path = join(folder, "killed");
  const module = new URL("../../src/host/lock.ts", import.meta.url).href;
  const program = `const { holdLock } = await import(${JSON.stringify(module)});
    const lock = await holdLock(${JSON.stringify(path)}, 0); console.log(lock !== undefined); setInterval(() => {}, 1000);`;
  const holder = await start(t, [process.execPath, "--import", "tsx", "--input-type=module", "-e", program]);
  assert.equal(await holdLock(path, 0), undefined);

  await end(holder.child);

  const next = await holdLock(path, 10_000);
  assert.ok(next);
  await next.release();
});

test("there is no lock where its file cannot be", async () => {
  assert.equal(await holdLock(join(folder, "missing", "lock"), 0), undefined);
});
