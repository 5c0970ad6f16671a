// Objects in parts, against a real Ceph RADOS gateway: while they grow, cut and resumed, and by several senders.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { UploadError } from "../../src/errors.ts";
import { openS3Store } from "../../src/upload/s3.ts";
import type { GrowingMember } from "../../src/upload/store.ts";
import { openUploadJournal, readUploadJournal } from "../../src/upload/upload-journal.ts";
import { startTestStore, type TestStore } from "../helpers/s3-store.ts";
import { member, sha256 } from "../helpers/sealed-bundle.ts";
import { until } from "../helpers/until.ts";

const MIB = 1024 ** 2;
const BUCKET = "parts-test";
let at: TestStore;
before(async () => {
  at = await startTestStore(BUCKET);
});
after(() => at.stop());

let count = 0;
const place = (name: string) => join(at.base, `${count++}-${name}`);
const CORE = { sensitivity: "core", exclusive: true, mediaType: "application/zstd" } as const;
const core = (bytes: number) =>
  member(place("core"), randomBytes(bytes), { ...CORE, key: `v1/a/core-${count}` });
const stored = async (url: string) => {
  const found = await at.outside.getObject({ Bucket: BUCKET, Key: url.slice(`s3://${BUCKET}/`.length) });
  return { ...found, sha256: sha256((await found.Body?.transformToByteArray()) ?? "none") };
};
const partsOf = (path: string) =>
  readUploadJournal(path).then((entries) => entries.filter(({ step }) => step === "part"));

type Whole = Awaited<GrowingMember["finished"]>;

/** What the writer of a growing file says in the end. */
function later() {
  let [resolve, reject]: [(whole: Whole) => void, (reason: Error) => void] = [
    () => assert.fail(),
    assert.fail,
  ];
  const promise = new Promise<Whole>((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
}

test("a file goes up while it grows, is complete when it is, and says its digest", async () => {
  const { proxy } = at;
  const store = openS3Store("test", at.settings({ endpoint: proxy.endpoint }));
  const data = randomBytes(50 * MIB + 123);
  const path = place("growing");
  const journalPath = place("journal");
  writeFileSync(path, data.subarray(0, 20 * MIB));
  const { promise: finished, resolve: finish } = later();
  const journal = await openUploadJournal(journalPath);
  const key = "v1/a/growing";

  const putting = store.putGrowing?.(
    { key, path, finished, sensitivity: "core", mediaType: "application/zstd" },
    { journal },
  );
  await until(async () => (await partsOf(journalPath)).length === 1, 30_000, "the first part is stored");
  appendFileSync(path, data.subarray(20 * MIB, 40 * MIB));
  await until(async () => (await partsOf(journalPath)).length === 2, 30_000, "the second part is stored");
  appendFileSync(path, data.subarray(40 * MIB));
  finish({ bytes: data.length, sha256: sha256(data) });
  const result = await putting;
  await journal.close();

  assert.equal(result?.state, "stored");
  assert.equal(result.proof?.assembled, true);
  const found = await stored(store.url(key));
  assert.equal(found.sha256, sha256(data));
  const whole = { key, path, bytes: data.length, sha256: sha256(data), ...CORE };
  assert.equal((await store.put(whole)).state, "present");
  await assert.rejects(
    store.put(core(data.length)).then(() => store.put({ ...core(data.length), key })),
    UploadError,
  );
});

test("a growing file that proves to be small goes up at once; one that is given up leaves nothing", async () => {
  const store = openS3Store("test", at.settings());
  const data = randomBytes(1000);
  const path = place("small");
  writeFileSync(path, data);
  const facts = { path, sensitivity: "core", mediaType: "application/zstd" } as const;

  const small = await store.putGrowing?.({
    ...facts,
    key: "v1/a/small",
    finished: Promise.resolve({ bytes: 1000, sha256: sha256(data) }),
  });
  writeFileSync(path, randomBytes(20 * MIB));
  const { promise: finished, reject: giveUp } = later();
  const putting = store.putGrowing?.({ ...facts, key: "v1/a/given-up", finished });
  await until(async () => (await at.unfinished()).length === 1, 30_000, "the upload has begun");
  giveUp(new Error("zstd failed"));

  await assert.rejects(putting ?? Promise.resolve(), { message: /was not finished, and is not uploaded/ });
  assert.equal(small?.state, "stored");
  assert.deepEqual(await at.unfinished(), []);
  assert.deepEqual(
    (await store.list("v1/a/")).map(({ key }) => key),
    ["v1/a/small"],
  );
});

test("an upload that is cut sends only what is missing the next time", async () => {
  const { proxy } = at;
  const store = openS3Store("test", at.settings({ endpoint: proxy.endpoint }));
  const one = core(100 * MIB);
  const journalPath = place("journal");
  const sentBefore = proxy.sentBytes();
  const first = await openUploadJournal(journalPath);

  const putting = store.put(one, { journal: first });
  await until(async () => (await partsOf(journalPath)).length >= 2, 30_000, "two parts are stored");
  proxy.down();
  await assert.rejects(putting, /broke the connection/);
  await first.close();
  const confirmed = (await partsOf(journalPath)).length;
  proxy.heal();
  const sentFirst = proxy.sentBytes() - sentBefore;
  const second = await openUploadJournal(journalPath);
  const result = await store.put(one, { journal: second });
  await second.close();

  assert.ok(confirmed >= 2 && confirmed < 7, `${confirmed} parts`);
  assert.equal(result.state, "stored");
  assert.equal((await stored(store.url(one.key))).sha256, one.sha256);
  const sentSecond = proxy.sentBytes() - sentBefore - sentFirst;
  assert.ok(sentSecond < (7 - confirmed) * 16 * MIB + MIB, `${sentSecond} bytes after ${confirmed} parts`);
  assert.deepEqual(await at.unfinished(), []);
});

test("what is in the journal as confirmed is not asked for again", async () => {
  const store = openS3Store("test", at.settings({ endpoint: at.proxy.endpoint }));
  const journal = await openUploadJournal(place("journal"));
  const files = [core(100), core(20 * MIB)];
  for (const file of files) await store.put(file, { journal });
  const asked = at.proxy.requests().length;

  for (const file of files) assert.equal((await store.put(file, { journal })).state, "present");

  assert.equal(at.proxy.requests().length, asked);
  await journal.close();
});
