import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openRing } from "../../src/agent/recorder/ring.ts";

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-ring-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "ring");
}

const LIMIT_BYTES = 32 * 1024 ** 2;

test("the ring never grows past 32 MiB, and keeps the newest", async (t) => {
  const folder = folderOf(t);
  const filler = "x".repeat(100_000);
  // Several lives of an agent.
  for (let life = 0; life < 5; life++) {
    for (let batch = 0; batch < 10; batch++) {
      const ring = openRing(folder, () => ({ kind: "begin", life }));
      for (let line = 0; line < 9; line++) ring.append([{ life, batch, line, filler }]);
      await ring.close();
    }
    const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    assert.ok(bytes <= LIMIT_BYTES, String(bytes));
  }
  const names = readdirSync(folder).toSorted((one, other) => (one < other ? -1 : 1));
  const last = readFileSync(join(folder, names.at(-1) ?? ""), "utf8")
    .trim()
    .split("\n");
  assert.equal(JSON.parse(last[0] ?? "").kind, "begin");
  assert.deepEqual([JSON.parse(last.at(-1) ?? "").life, JSON.parse(last.at(-1) ?? "").line], [4, 8]);
});

test("a ring that is full within one life goes on in the next file, and drops the oldest", async (t) => {
  const folder = folderOf(t);
  const filler = "x".repeat(500_000);
  const ring = openRing(folder, () => ({ kind: "begin" }));
  for (let line = 0; line < 80; line++) {
    ring.append([{ line, filler }]);
    // The writes of one life end before more is given: a disk is never given more than it takes.
    await ring.settled();
  }
  await ring.close();

  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
  assert.equal(ring.lost(), 0);
  assert.ok(sizes.length > 10 && sizes.reduce((sum, size) => sum + size, 0) <= LIMIT_BYTES);
});

test("where nothing can be written lines are counted as lost, and nobody is told by a throw", async (t) => {
  const folder = folderOf(t);
  mkdirSync(join(folder, ".."), { recursive: true });
  writeFileSync(folder, "in the way");
  const ring = openRing(folder, () => ({ kind: "begin" }));

  ring.append([{ line: 1 }, { line: 2 }]);
  await ring.close();

  assert.equal(ring.lost(), 2);
  assert.equal(readFileSync(folder, "utf8"), "in the way");
});
