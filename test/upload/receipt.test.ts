import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { lookAtReceipt, readReceipt, updateReceipt } from "../../src/upload/receipt.ts";
import { captureId } from "../helpers/sealed-bundle.ts";

const id = captureId();
const upload = {
  store: "default",
  url: "/a",
  manifestSha256: "0",
  files: 1,
  bytes: 2,
  confirmedAt: "2026-11-22T04:00:00.000Z",
};
let spool = "";
let path = "";
beforeEach(() => {
  spool = mkdtempSync(join(tmpdir(), "exhibit-receipt-"));
  path = join(spool, `${id}.receipt.json`);
});
afterEach(() => rmSync(spool, { recursive: true, force: true }));

test("there is no receipt before something was confirmed", async () => {
  assert.equal(await readReceipt(spool, id), undefined);
});

test("what is written is read again", async () => {
  const written = await updateReceipt(spool, id, (receipt) => ({ ...receipt, uploads: [upload] }));

  assert.deepEqual(await readReceipt(spool, id), written);
  assert.deepEqual(written, { schemaVersion: 1, captureId: id, uploads: [upload], notes: [] });
});

test("updates at the same moment all count", async () => {
  const stores = Array.from({ length: 20 }, (_, index) => `store-${index}`);

  await Promise.all(
    stores.map((store) =>
      updateReceipt(spool, id, (receipt) => ({
        ...receipt,
        uploads: [...receipt.uploads, { ...upload, store }],
      })),
    ),
  );

  const receipt = await readReceipt(spool, id);
  assert.deepEqual(
    receipt?.uploads.map(({ store }) => store),
    stores,
  );
  assert.deepEqual(readdirSync(spool), [`${id}.receipt.json`]);
});

test("an update that fails leaves the receipt as it was, and the next one goes on", async () => {
  await updateReceipt(spool, id, (receipt) => ({ ...receipt, uploads: [upload] }));
  const before = readFileSync(path);

  const failing = updateReceipt(spool, id, (receipt) => ({
    ...receipt,
    uploads: [{ ...upload, bytes: -1 }],
  }));

  await assert.rejects(failing);
  assert.deepEqual(readFileSync(path), before);
  assert.equal((await updateReceipt(spool, id, (receipt) => receipt)).uploads.length, 1);
});

test("a damaged receipt is set aside and counts as none, whatever the damage", async () => {
  for (const text of ["", "{", "[]", '{"schemaVersion":1}', '{"a":'.repeat(20_000), "\u0000\u00ff"]) {
    writeFileSync(path, text);

    assert.equal(await readReceipt(spool, id), undefined, text.slice(0, 20));

    const [aside = "", ...more] = readdirSync(spool);
    assert.match(aside, /\.receipt\.json\.damaged-\d{8}T\d{9}Z$/);
    assert.deepEqual(more, []);
    assert.equal(readFileSync(join(spool, aside), "utf8"), text);
    rmSync(join(spool, aside));
  }
});

test("the receipt of another bundle counts as damaged", async () => {
  const other = captureId("000000");
  await updateReceipt(spool, other, (receipt) => receipt);
  writeFileSync(path, readFileSync(join(spool, `${other}.receipt.json`)));

  assert.equal(await readReceipt(spool, id), undefined);
});

test("looking at a damaged receipt changes nothing", async () => {
  writeFileSync(path, "{");

  const found = await lookAtReceipt(spool, id);

  assert.equal(found.state, "damaged");
  assert.deepEqual(readdirSync(spool), [`${id}.receipt.json`]);
});

test("a folder in place of the receipt is damage, and no crash", async () => {
  mkdirSync(path);

  const found = await lookAtReceipt(spool, id);

  assert.equal(found.state, "damaged");
});
