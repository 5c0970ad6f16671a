import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { NoSpaceError, openQuota, readDisk, spendableBytes } from "../../src/host/disk.ts";
import { mountSmall } from "../helpers/mounted.ts";

const MIB = 1024 ** 2;
const root = mkdtempSync(join(tmpdir(), "exhibit-disk-"));
const small = join(root, "small");
const unmount = mountSmall(small, 32 * MIB);
after(() => {
  unmount();
  rmSync(root, { recursive: true });
});

test("the size of a disk and its free space are those that df tells", async () => {
  const told = spawnSync("df", ["-B1", "--output=size,avail", small], { encoding: "utf8" }).stdout;
  const [size, avail] = (told.split("\n")[1] ?? "").trim().split(/\s+/).map(Number);

  assert.deepEqual(await readDisk(small), { totalBytes: size, freeBytes: avail });
});

test("what may be spent is what is free beside the reserve, as a share of the whole disk or in bytes", () => {
  const disk = { totalBytes: 1000, freeBytes: 300 };

  assert.equal(spendableBytes(disk, { percent: 10 }), 200);
  assert.equal(spendableBytes(disk, { percent: 0 }), 300);
  assert.equal(spendableBytes(disk, { percent: 50 }), 0);
  assert.equal(spendableBytes(disk, { bytes: 299 }), 1);
  assert.equal(spendableBytes(disk, { bytes: 301 }), 0);
});

test("what may be spent is a whole number, never below 0 and never into the reserve", () => {
  const size = fc.integer({ min: 0, max: 2 ** 50 });
  fc.assert(
    fc.property(size, size, fc.integer({ min: 0, max: 99 }), (totalBytes, free, percent) => {
      const freeBytes = Math.min(free, totalBytes);

      const spendable = spendableBytes({ totalBytes, freeBytes }, { percent });

      assert.ok(Number.isSafeInteger(spendable) && spendable >= 0);
      if (spendable > 0) assert.ok(freeBytes - spendable >= (totalBytes * percent) / 100);
    }),
  );
});

test("a quota ends at the capture's size limit, and says how to raise it", async () => {
  const quota = openQuota(small, { keepFree: { percent: 1 }, maxBytes: 100 });
  await quota.take(60);

  await assert.rejects(quota.take(41), { name: "NoSpaceError", hint: /--max-size/ });
  await quota.take(40);

  assert.deepEqual([quota.taken(), await quota.left()], [100, 0]);
});

test("a quota never goes into the reserve, and what it refused is not counted", async () => {
  const quota = openQuota(small, { keepFree: { bytes: 24 * MIB }, maxBytes: 1024 * MIB });

  await assert.rejects(quota.take(9 * MIB), NoSpaceError);
  await quota.take(7 * MIB);
  await assert.rejects(quota.take(9 * MIB), { hint: /keepFree/ });

  assert.equal(quota.taken(), 7 * MIB);
});

test("what others write meanwhile is noticed", async () => {
  const quota = openQuota(small, { keepFree: { bytes: 8 * MIB }, maxBytes: 1024 * MIB });
  await quota.take(MIB);
  const others = join(small, "others");
  writeFileSync(others, Buffer.alloc(20 * MIB));

  await assert.rejects(quota.take(8 * MIB), NoSpaceError);
  rmSync(others);

  await quota.take(8 * MIB);
});

test("a disk that is not there is an error, never room without end", async () => {
  const quota = openQuota(join(root, "missing"), { keepFree: { percent: 1 }, maxBytes: 100 });

  await assert.rejects(quota.take(1), { code: "ENOENT" });
});
