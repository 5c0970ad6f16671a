import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { failuresIn, openUploadJournal, readUploadJournal } from "../../src/upload/upload-journal.ts";

const OBJECT = "http://127.0.0.1:1 s3://bucket/key";
const DIGEST = "a".repeat(64);
let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "exhibit-journal-"));
  path = join(folder, "id.upload.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const begun = (uploadId: string) =>
  ({ step: "begun", object: OBJECT, uploadId, plan: [[10_000, 16]] as [number, number][] }) as const;
const part = (uploadId: string, number: number) =>
  ({ step: "part", object: OBJECT, uploadId, number, bytes: 16, sha256: DIGEST, etag: '"e"' }) as const;
const confirmed = (at: string) =>
  ({ step: "confirmed", at, object: OBJECT, bytes: 16, sha256: DIGEST }) as const;

const attempt = (reason: string) =>
  ({ step: "attempt", at: new Date().toISOString(), store: "s", reason }) as const;

test("what was written is there for the next run: the upload that was begun last, with its own parts", async () => {
  const first = await openUploadJournal(path);
  for (const entry of [
    begun("one"),
    part("one", 1),
    { step: "given-up", object: OBJECT, uploadId: "one" } as const,
  ])
    await first.write(entry);
  assert.equal(first.begun(OBJECT), undefined);
  await Promise.all([begun("two"), part("two", 1), part("two", 2)].map((entry) => first.write(entry)));
  await first.close();

  const second = await openUploadJournal(path);

  assert.equal(second.begun(OBJECT)?.upload.uploadId, "two");
  assert.deepEqual([...(second.begun(OBJECT)?.parts.keys() ?? [])], [1, 2]);
  assert.equal(second.begun("http://127.0.0.1:2 s3://bucket/key"), undefined);
  await second.close();
});

test("a line that a kill has cut, or somebody has damaged, is no line, and the next one is whole", async () => {
  const first = await openUploadJournal(path);
  await first.write(begun("one"));
  await first.close();
  appendFileSync(path, '{"step":"part","object"');

  const second = await openUploadJournal(path);
  await second.write(part("one", 1));
  await second.close();

  assert.deepEqual(
    (await readUploadJournal(path)).map(({ step }) => step),
    ["begun", "part"],
  );
  assert.equal(readFileSync(path, "utf8").split("\n").length, 4);
});

test("what was confirmed counts for a day, for these bytes only, and ends the upload", async () => {
  const journal = await openUploadJournal(path);
  await journal.write(begun("one"));
  await journal.write(confirmed(new Date(Date.now() - 25 * 3_600_000).toISOString()));
  assert.equal(journal.confirmed(OBJECT, DIGEST), undefined);

  await journal.write(confirmed(new Date().toISOString()));

  assert.ok(journal.confirmed(OBJECT, DIGEST));
  assert.equal(journal.confirmed(OBJECT, "b".repeat(64)), undefined);
  assert.equal(journal.begun(OBJECT), undefined);
  await journal.close();
});

test("failed attempts count from the last thing that was confirmed", async () => {
  const journal = await openUploadJournal(path);
  for (const entry of [attempt("before"), part("one", 1), attempt("first"), attempt("second")])
    await journal.write(entry);
  await journal.close();

  assert.deepEqual(
    failuresIn(await readUploadJournal(path)).map(({ reason }) => reason),
    ["first", "second"],
  );
  assert.deepEqual(await readUploadJournal(join(folder, "missing")), []);
});
