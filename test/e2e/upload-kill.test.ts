// Uploads that are killed or lose their store, by the built program against a real Ceph RADOS gateway.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { failuresIn, readUploadJournal } from "../../src/upload/upload-journal.ts";
import { startTestStore, type TestStore } from "../helpers/s3-store.ts";
import { captureId } from "../helpers/sealed-bundle.ts";
import { faultsInStore, openPushBox, sealForStore, uploadKillRounds } from "../helpers/upload-kill-rounds.ts";
import { until } from "../helpers/until.ts";

const BUCKET = "kill-test";
let at: TestStore;
before(async () => {
  at = await startTestStore(BUCKET);
});
after(() => at.stop());

test("a push that is killed at any moment goes on the next time; nothing is lost, doubled or left dangling", async () => {
  const result = await uploadKillRounds(at, { bucket: BUCKET, kills: 12, coreMib: 40 });

  assert.deepEqual(result.problems, []);
  assert.equal(result.kills, 12);
  assert.ok(result.mostResentMib <= 48, JSON.stringify(result));
});

test("push --wait outlasts a store that goes down in the middle, and sends nothing twice that was confirmed", async (t) => {
  const { proxy } = at;
  const box = openPushBox(at.settings({ endpoint: proxy.endpoint }));
  t.after(() => box.remove());
  const sealed = sealForStore(box.spool, 100);
  const bytes = sealed.manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  const sentBefore = proxy.sentBytes();

  const push = box.push("--wait", "2m");
  await until(() => proxy.sentBytes() - sentBefore > 40 * 1024 ** 2, 30_000, "40 MiB are sent");
  proxy.down();
  const journal = join(box.spool, `${sealed.captureId}.upload.jsonl`);
  const failures = async () => failuresIn(await readUploadJournal(journal)).length;
  await until(async () => (await failures()) >= 3, 30_000, "three attempts have failed");
  proxy.heal();
  const back = performance.now();
  const { status, output } = await push;
  const drainedMs = performance.now() - back;

  assert.equal(status, 0, output);
  assert.match(output, /the upload waits: .*broke the connection/);
  assert.ok(drainedMs < 15_000, `${drainedMs} ms after its return`);
  assert.deepEqual(await faultsInStore(at, BUCKET, sealed), []);
  const resent = proxy.sentBytes() - sentBefore - bytes;
  assert.ok(resent < 48 * 1024 ** 2 + 1024 ** 2, `${resent} bytes were sent again`);
});

test("two pushes of one bundle do not meet: the second says so", async (t) => {
  const { proxy } = at;
  const box = openPushBox(at.settings({ endpoint: proxy.endpoint }));
  t.after(() => box.remove());
  const sealed = sealForStore(box.spool, 60);
  const sentBefore = proxy.sentBytes();
  const first = box.push();
  await until(() => proxy.sentBytes() - sentBefore > 1024 ** 2, 30_000, "the first one sends");
  proxy.slow(8 * 1024 ** 2);

  const second = await box.push();
  proxy.slow(Number.POSITIVE_INFINITY);

  assert.equal(second.status, 4, second.output);
  assert.match(second.output, /another exhibit is sending it now/);
  assert.equal((await first).status, 0);
  assert.deepEqual(await faultsInStore(at, BUCKET, sealed), []);
});

test("a damaged bundle is put aside, whole, and the others go on", async (t) => {
  const box = openPushBox(at.settings());
  t.after(() => box.remove());
  const id = captureId("dddddd");
  mkdirSync(join(box.spool, id), { recursive: true });
  writeFileSync(join(box.spool, id, "manifest.json"), "{");
  writeFileSync(join(box.spool, `${id}.receipt.json`), "{}");
  const whole = sealForStore(box.spool, 1);

  const { status, output } = await box.push();

  assert.equal(status, 0, output);
  assert.match(output, new RegExp(`${id} is damaged \\(manifest.json: no JSON, or cut\\) and was put aside`));
  assert.match(output, new RegExp(`${whole.captureId}: uploaded`));
  const aside = join(box.spool, "quarantine");
  assert.deepEqual(readdirSync(aside).toSorted(), [id, `${id}.receipt.json`]);
  assert.ok(existsSync(join(aside, id, "manifest.json")));
});
