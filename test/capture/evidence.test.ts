import assert from "node:assert/strict";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FILE_LIMIT_BYTES, openEvidence } from "../../src/capture/evidence.ts";
import { NoSpaceError, openQuota, type Quota } from "../../src/host/disk.ts";
import { mountSmall } from "../helpers/mounted.ts";

const root = mkdtempSync(join(tmpdir(), "exhibit-evidence-"));
after(() => rmSync(root, { recursive: true }));
let count = 0;

function open(quota: Quota = openQuota(root, { keepFree: { percent: 0 }, maxBytes: 1024 ** 3 })) {
  return openEvidence(join(root, String(++count)), quota);
}

const MIB = 1024 ** 2;

test("what is saved is there, for its owner alone, and counted", async () => {
  const evidence = await open();

  await evidence.save("ss.txt", "é\n");
  await evidence.save("raw", Buffer.from([0, 255]));
  await evidence.saveLines("rows.jsonl", [{ a: 1 }, ["b"]]);
  await evidence.settle([]);

  const { folder } = evidence;
  assert.deepEqual(readdirSync(folder).toSorted(), ["raw", "rows.jsonl", "ss.txt"]);
  assert.equal(readFileSync(join(folder, "rows.jsonl"), "utf8"), '{"a":1}\n["b"]\n');
  assert.equal(statSync(join(folder, "ss.txt")).mode & 0o777, 0o600);
  assert.equal(await evidence.bytes(), 3 + 2 + 14);
  assert.equal(evidence.truncated(), false);
});

test("samples are in the file as soon as they are written, before anything is settled", async () => {
  const evidence = await open();
  const lines = await evidence.lines("samples.jsonl");

  await lines.write({ at: 1 });

  assert.equal(readFileSync(join(evidence.folder, "samples.jsonl"), "utf8"), '{"at":1}\n');
  await evidence.settle([]);
});

test("a name is used once, and leads nowhere else", async () => {
  const evidence = await open();
  await evidence.save("once", "1");
  evidence.claim("claimed");

  for (const name of ["once", "claimed", "../up", "a/b", ".hidden", "", "a\nb"]) {
    assert.throws(() => evidence.claim(name), /not a new name/);
    await assert.rejects(evidence.save(name, "2"), /not a new name/);
    await assert.rejects(evidence.lines(name), /not a new name/);
  }

  assert.deepEqual(readdirSync(evidence.folder), ["once"]);
});

test("a file that somebody put there is not written to, nor one behind a link", async () => {
  const evidence = await open();
  const theirs = join(root, "theirs");
  writeFileSync(theirs, "theirs");
  symlinkSync(theirs, join(evidence.folder, "link"));

  await assert.rejects(evidence.save("link", "ours"), { code: "EEXIST" });

  assert.equal(readFileSync(theirs, "utf8"), "theirs");
});

test("a flood is cut at the limit of one file and called truncated", async () => {
  const saved = await open();
  const sampled = await open();
  const listed = await open();

  await saved.save("flood", Buffer.alloc(FILE_LIMIT_BYTES + 1));
  const lines = await sampled.lines("flood.jsonl");
  for (let round = 0; round < 20; round++) await lines.write("x".repeat(MIB));
  await listed.saveLines(
    "flood.jsonl",
    Array.from({ length: 20 }, () => "x".repeat(MIB)),
  );

  for (const evidence of [saved, sampled, listed]) {
    await evidence.settle([]);
    assert.ok(evidence.truncated());
    assert.ok((await evidence.bytes()) <= FILE_LIMIT_BYTES);
  }
  const text = readFileSync(join(sampled.folder, "flood.jsonl"), "utf8");
  assert.equal(text.split("\n").length, 16, "whole lines only");
});

test("the capture's size limit holds for every way to write", async () => {
  const evidence = await open(openQuota(root, { keepFree: { percent: 0 }, maxBytes: 10 }));
  const lines = await evidence.lines("lines");

  await evidence.save("fits", "12345678");
  await assert.rejects(evidence.save("more", "123"), NoSpaceError);
  await assert.rejects(lines.write("xyz"), NoSpaceError);
  await evidence.settle([]);

  assert.equal(await evidence.bytes(), 8);
});

test("a disk that is full says where, and what was saved before stays", async () => {
  const small = join(root, "small");
  const unmount = mountSmall(small, MIB);
  try {
    const quota: Quota = { take: async () => undefined, left: async () => 0, taken: () => 0 };
    const evidence = await openEvidence(join(small, "process"), quota);
    await evidence.save("first", "kept");

    await assert.rejects(evidence.save("second", Buffer.alloc(2 * MIB)), {
      name: "NoSpaceError",
      message: /small/,
    });
    await evidence.settle([]);

    assert.equal(readFileSync(join(small, "process", "first"), "utf8"), "kept");
  } finally {
    unmount();
  }
});

test("once it is settled nothing is added or changed: a collector that outlived its time would break the seal", async () => {
  const evidence = await open();
  const lines = await evidence.lines("lines");
  await lines.write(1);
  await evidence.settle([]);

  await lines.write(2).catch(() => undefined);
  await evidence.save("late", "late").catch(() => undefined);
  await evidence.lines("late-lines").catch(() => undefined);
  await evidence.saveLines("late-rows", [1]).catch(() => undefined);

  assert.throws(() => evidence.claim("late-core"));
  assert.deepEqual(readdirSync(evidence.folder), ["lines"]);
  assert.equal(readFileSync(join(evidence.folder, "lines"), "utf8"), "1\n");
});

test("what is being written when it is settled is whole before, or never there", async () => {
  for (let round = 0; round < 20; round++) {
    const evidence = await open();
    const saving = evidence.save("big", Buffer.alloc(MIB, 1)).catch(() => undefined);
    const sampling = evidence.lines("lines").then(
      (lines) => lines.write("x"),
      () => undefined,
    );
    for (let turn = 0; turn < round % 4; turn++) await new Promise((resolve) => setImmediate(resolve));

    await evidence.settle([]);

    const settled = readdirSync(evidence.folder).map((name) => [
      name,
      statSync(join(evidence.folder, name)).size,
    ]);
    await Promise.all([saving, sampling.catch(() => undefined)]);
    const later = readdirSync(evidence.folder).map((name) => [
      name,
      statSync(join(evidence.folder, name)).size,
    ]);
    assert.deepEqual(later, settled);
  }
});
