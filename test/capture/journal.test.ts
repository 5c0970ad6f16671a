import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { openJournal, readJournal, removeJournal, type JournalEntry } from "../../src/capture/journal.ts";
import { mountSmall } from "../helpers/mounted.ts";

const root = mkdtempSync(join(tmpdir(), "exhibit-journal-"));
after(() => rmSync(root, { recursive: true }));
let count = 0;
const path = () => join(root, `${++count}.journal.jsonl`);

const AT = "2026-11-22T03:12:07.000Z";
const ENTRIES: readonly JournalEntry[] = [
  { kind: "started", name: "threads", at: AT },
  { kind: "identity", check: { at: AT, before: "threads", same: true } },
  {
    kind: "collector",
    record: { name: "threads", tool: "prstat", status: "ok", commands: [], bytes: 7 },
    readings: [
      { id: "x", collector: "threads", text: "a\nb", value: 1, unit: "count", file: "evidence/threads/f" },
    ],
  },
  { kind: "core", file: "evidence/core/core" },
  { kind: "pause", name: "core", at: AT },
  { kind: "resumed", name: "core", observedPauseMs: 12 },
  { kind: "secured", at: AT },
];

async function written(entries: readonly JournalEntry[]): Promise<string> {
  const at = path();
  const journal = openJournal(at);
  for (const entry of entries) await journal.write(entry);
  await journal.sync();
  await journal.close();
  return at;
}

test("what was written is read, in its order, and is for its owner alone", async () => {
  const at = await written(ENTRIES);

  assert.deepEqual(await readJournal(at), ENTRIES);
  assert.equal(statSync(at).mode & 0o777, 0o600);
});

test("what was written side by side is whole lines in the order of the calls", async () => {
  const at = path();
  const journal = openJournal(at);
  const entries = Array.from({ length: 200 }, (_, index): JournalEntry => ({
    kind: "pause",
    name: String(index).repeat(500),
    at: AT,
  }));

  await Promise.all(entries.map((entry) => journal.write(entry)));
  await journal.close();

  assert.deepEqual(await readJournal(at), entries);
});

test("a journal that was cut by a kill tells all that was whole", async () => {
  const at = await written(ENTRIES);
  const whole = readFileSync(at);
  for (let length = whole.length - 1; length >= 0; length -= 13) {
    truncateSync(at, length);

    const entries = await readJournal(at);

    // A line that lacks only its line end is whole.
    const lines =
      whole
        .subarray(0, length + 1)
        .toString()
        .split("\n").length - 1;
    assert.deepEqual(entries, ENTRIES.slice(0, lines), `cut at ${length}`);
    writeFileSync(at, whole);
  }
});

test("lines that are damaged, or of a kind that is not known, are left out and the others stay", async () => {
  const at = await written(ENTRIES);
  appendFileSync(at, '{"kind":"secured"}\n\0\0\0\n[]\nnull\n{"kind":"new","at":1}\n\n');
  appendFileSync(at, `${JSON.stringify({ kind: "secured", at: AT })}\n`);

  assert.deepEqual(await readJournal(at), [...ENTRIES, { kind: "secured", at: AT }]);
});

test("whatever is in the file, reading it does not throw", async () => {
  const at = path();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      writeFileSync(at, bytes);

      assert.deepEqual(await readJournal(at), []);
    }),
    { numRuns: 50 },
  );
});

test("without a journal nothing is known, and removing it is no error", async () => {
  const at = path();

  assert.deepEqual(await readJournal(at), []);
  await removeJournal(at);
});

test("a link in the journal's place is not followed", async () => {
  const at = path();
  const theirs = join(root, "theirs");
  writeFileSync(theirs, "");
  symlinkSync(theirs, at);

  await assert.rejects(openJournal(at).write({ kind: "secured", at: AT }), { code: "ELOOP" });

  assert.equal(readFileSync(theirs, "utf8"), "");
});

test("on a full disk a line is refused, and one that comes when there is room again is read", async () => {
  const small = join(root, "small");
  const unmount = mountSmall(small, 64 * 1024);
  try {
    const at = join(small, "journal.jsonl");
    const journal = openJournal(at);
    await journal.write({ kind: "secured", at: AT });
    const ballast = join(small, "ballast");
    await assert.rejects(async () => writeFileSync(ballast, Buffer.alloc(1024 ** 2)), { code: "ENOSPC" });

    await assert.rejects(journal.write({ kind: "pause", name: "x".repeat(8000), at: AT }), {
      code: "ENOSPC",
    });
    rmSync(ballast);
    await journal.write({ kind: "resumed", name: "y", observedPauseMs: 1 });
    await journal.close();

    assert.deepEqual(await readJournal(at), [
      { kind: "secured", at: AT },
      { kind: "resumed", name: "y", observedPauseMs: 1 },
    ]);
  } finally {
    unmount();
  }
});

test("a journal that was never written to leaves no file", async () => {
  const at = path();
  const journal = openJournal(at);

  await journal.sync();
  await journal.close();

  assert.throws(() => statSync(at), { code: "ENOENT" });
});
