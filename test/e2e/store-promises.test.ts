// What a store promises and what it does: write-once, Object Lock, encryption, tags, on a real Ceph RADOS gateway and on one
// that forgets.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { UploadError } from "../../src/errors.ts";
import type { S3StoreSettings } from "../../src/settings.ts";
import { openS3Store } from "../../src/upload/s3.ts";
import { sendBundle } from "../../src/upload/send.ts";
import { describeConfirmation } from "../../src/upload/confirmation.ts";
import { startForgetful } from "../helpers/forgetful-store.ts";
import { startTestStore, type TestStore } from "../helpers/s3-store.ts";
import { member, sealBundle, sha256 } from "../helpers/sealed-bundle.ts";

const BUCKET = "promises-test";
const LOCKED = "promises-locked";
const APART = "promises-apart";
let at: TestStore;
before(async () => {
  at = await startTestStore(BUCKET);
  await at.outside.createBucket({ Bucket: LOCKED, ObjectLockEnabledForBucket: true });
  await at.outside.createBucket({ Bucket: APART });
});
after(() => at.stop());

let count = 0;
const file = (data: string | Uint8Array, more: Parameters<typeof member>[2] = {}) =>
  member(join(at.base, `file-${count++}`), data, { exclusive: true, ...more });
const open = (more: Partial<S3StoreSettings> = {}) => openS3Store("test", at.settings(more));
const send = (store: ReturnType<typeof open>) => {
  const sealed = sealBundle(join(at.base, `spool-${count++}`));
  return sendBundle({ bundlePath: sealed.path, manifest: sealed.manifest, store });
};

test("a store that takes If-None-Match and ignores it is found out, and nothing is replaced all the same", async (t) => {
  const forgetful = await startForgetful(at.rgw.port, { drop: ["if-none-match"] });
  t.after(() => forgetful.close());
  const store = open({ endpoint: forgetful.endpoint });
  const first = file("first");

  const { proof } = await store.put(first);

  assert.equal(proof?.conditionalPut, "unsupported");
  await assert.rejects(store.put(file("other")), (error) => {
    assert.ok(error instanceof UploadError);
    assert.match(error.message, /never overwritten/);
    assert.match(error.hint ?? "", /move the wrong one away/);
    return true;
  });
  assert.equal(sha256((await store.get(first.key, 100)) ?? ""), first.sha256);
  const sent = await send(open({ endpoint: forgetful.endpoint }));
  assert.match(describeConfirmation(sent) ?? "", /^10 files read back; NOT write-once by the store/);
  const { missing } = await store.check();
  assert.deepEqual(
    missing.map(({ what, asked }) => [what, asked]),
    [["conditional put (If-None-Match)", false]],
  );
});

test("a store that has no conditional put (501) is asked before and after instead", async () => {
  const store = open({ endpoint: at.proxy.endpoint });
  at.proxy.answer(1, 501, "NotImplemented", /^if-none-match:/im);

  const { state, proof } = await store.put(file("evidence"));
  at.proxy.heal();

  assert.deepEqual([state, proof?.conditionalPut], ["stored", "unsupported"]);
});

const days = (until: string | undefined) => Math.round((Date.parse(until ?? "") - Date.now()) / 86_400_000);

test("lockDays locks every version, what holds memory for less long, and the receipt says until when", async () => {
  const store = open({ url: `s3://${LOCKED}/a`, lockDays: 90 });

  const sent = await send(store);
  const core = await store.put(file("core", { key: "v1/a/core", sensitivity: "core" }));

  const { retention } = sent.found ?? {};
  // The bundle has a core of its own.
  assert.deepEqual(
    [retention?.mode, days(retention?.until), retention?.missing],
    ["GOVERNANCE", 14, undefined],
  );
  assert.equal(sent.found?.versioned, true);
  assert.ok(core.proof?.retention && "until" in core.proof.retention);
  assert.equal(days(core.proof.retention.until), 14);
  assert.match(
    describeConfirmation(sent) ?? "",
    /^10 files read back; versioned; locked until 2\d{3}-\d\d-\d\d \(GOVERNANCE\)/,
  );
  const text = await store.put(file("text", { key: "v1/a/text" }));
  assert.ok(text.proof?.retention && "until" in text.proof.retention);
  assert.equal(days(text.proof.retention.until), 90);
  const removing = at.outside.deleteObject({
    Bucket: LOCKED,
    Key: "a/v1/a/text",
    ...(text.proof.versionId === undefined ? {} : { VersionId: text.proof.versionId }),
  });
  await assert.rejects(removing, { name: "AccessDenied" });
});

test("where lockDays cannot hold everything is stored, and the bundle still waits, with what to do", async (t) => {
  const forgetful = await startForgetful(at.rgw.port, { ignore: /^PUT .*[?&]retention/ });
  t.after(() => forgetful.close());
  const cases = [
    [open({ lockDays: 30 }), /not locked as lockDays asks: the bucket has no Object Lock/],
    [
      open({ url: `s3://${LOCKED}/b`, lockDays: 30, endpoint: forgetful.endpoint }),
      /not locked as lockDays asks: the store accepted the retention and does not hold it/,
    ],
  ] as const;
  for (const [store, words] of cases) {
    await assert.rejects(send(store), (error) => {
      assert.ok(error instanceof UploadError);
      assert.match(error.message, words);
      assert.match(error.hint ?? "", /use a bucket with Object Lock/);
      assert.ok(error.bundlePath);
      return true;
    });
    assert.ok((await store.list("")).some(({ key }) => key.endsWith("/manifest.json")));
    assert.ok((await store.check()).missing.some(({ asked, fix }) => asked && fix.includes("lockDays")));
  }
});

test("doctor's trial proves what a good store does, in seconds, and leaves nothing that may be removed", async () => {
  const start = performance.now();

  const plain = await open().check();
  const locked = await open({
    url: `s3://${LOCKED}/c`,
    lockDays: 30,
    sse: "aws:kms",
    kmsKeyId: "exhibit-test",
  }).check();

  const usual = ["put", "read back", "conditional put", "list", "multipart and resume", "tags"];
  assert.deepEqual(plain, { proven: usual, missing: [] });
  // In a bucket with versions this gateway takes If-None-Match and ignores it.
  assert.deepEqual(locked.proven, [
    ...usual.filter((what) => what !== "conditional put"),
    "encryption aws:kms",
    "Object Lock (GOVERNANCE)",
  ]);
  assert.deepEqual(
    locked.missing.map(({ asked }) => asked),
    [false],
  );
  assert.ok(performance.now() - start < 10_000);
  assert.deepEqual(await at.unfinished(), []);
  const left = await at.outside.listObjectsV2({ Bucket: LOCKED, Prefix: "c/" });
  assert.deepEqual(left.Contents ?? [], []);
});

test("encryption counts as done only when the store says so", async () => {
  const kms = await open({ sse: "aws:kms", kmsKeyId: "exhibit-test" }).put(file("kms"));
  const big = await open({ sse: "aws:kms", kmsKeyId: "exhibit-test" }).put(
    file(Buffer.alloc(20 * 1024 ** 2)),
  );
  // This gateway takes the header and does not say what it did.
  const silent = await open({ sse: "AES256" }).put(file("aes"));

  for (const { proof } of [kms, big])
    assert.deepEqual(proof?.encryption, { asked: "aws:kms", found: "aws:kms", kmsKeyId: "exhibit-test" });
  assert.deepEqual(silent.proof?.encryption, { asked: "AES256" });
});

test("what holds memory goes to its own place, with the tags of the settings and ours", async () => {
  const store = open({ sensitiveUrl: `s3://${APART}/cores`, tags: { team: "sre + co" } });
  const core = file("core", { key: "v1/a/core", sensitivity: "core" });

  const { proof } = await store.put(core);
  await store.put(file("text", { key: "v1/a/text" }));

  assert.equal(proof?.tagged, true);
  const { TagSet } = await at.outside.getObjectTagging({ Bucket: APART, Key: "cores/v1/a/core" });
  assert.deepEqual(Object.fromEntries((TagSet ?? []).map(({ Key, Value }) => [Key, Value])), {
    team: "sre + co",
    "exhibit-sensitivity": "core",
  });
  assert.equal(String(await store.get("v1/a/core", 10)), "core");
  assert.deepEqual((await store.list("v1/")).map(({ key }) => key).toSorted(), ["v1/a/core", "v1/a/text"]);
});
