import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { Receipt } from "../../src/bundle/after-seal.ts";
import { readOwnIdentity } from "../../src/host/process-identity.ts";
import { evictUploaded } from "../../src/upload/evict.ts";
import { updateReceipt } from "../../src/upload/receipt.ts";
import { captureFile, captureId, sealBundle, type Sealed } from "../helpers/sealed-bundle.ts";

const HOUR = 3_600_000;
const now = Date.parse("2026-11-24T00:00:00.000Z");
const ago = (hours: number) => new Date(now - hours * HOUR).toISOString();
let spool = "";
beforeEach(() => (spool = mkdtempSync(join(tmpdir(), "exhibit-evict-"))));
afterEach(() => rmSync(spool, { recursive: true, force: true }));

function seal(tail: string): Sealed {
  return sealBundle(spool, { id: captureId(tail), evidence: { "evidence/a/b": Buffer.alloc(100_000) } });
}

async function confirm(sealed: Sealed, hours: number, more: Partial<Receipt> = {}): Promise<void> {
  const upload = {
    store: "s",
    url: "u",
    manifestSha256: sealed.manifestSha256,
    files: 1,
    bytes: 1,
    confirmedAt: ago(hours),
  };
  await updateReceipt(spool, sealed.captureId, (receipt) => ({ ...receipt, uploads: [upload], ...more }));
}

const bounds = () => ({ spool, keepMs: 24 * HOUR, maxBytes: 1024 ** 3, nowMs: now });

test("a copy goes when a store has confirmed it for long enough; its receipt stays", async () => {
  const [old, young, never] = [seal("000001"), seal("000002"), seal("000003")];
  await confirm(old, 25);
  await confirm(young, 23);

  const result = await evictUploaded(bounds());

  assert.deepEqual(result.evicted, [old.captureId]);
  assert.ok(result.freedBytes > 100_000);
  assert.deepEqual(
    readdirSync(spool).toSorted(),
    [
      `${old.captureId}.receipt.json`,
      young.captureId,
      `${young.captureId}.receipt.json`,
      never.captureId,
    ].toSorted(),
  );
});

test("a full spool gives up confirmed copies, oldest first and no more than needed, and nothing else", async () => {
  const [first, second, third, never] = [seal("000001"), seal("000002"), seal("000003"), seal("000004")];
  for (const sealed of [first, second, third]) await confirm(sealed, 1);

  const some = await evictUploaded({ ...bounds(), maxBytes: 250_000 });
  const all = await evictUploaded({ ...bounds(), maxBytes: 0 });

  assert.deepEqual(some.evicted, [first.captureId, second.captureId]);
  assert.deepEqual(all.evicted, [third.captureId]);
  assert.ok(all.leftBytes > 100_000);
  assert.ok(existsSync(join(never.path, "manifest.json")));
});

test("what is not confirmed as it lies there stays, however old", async () => {
  const other = seal("000001");
  await confirm({ ...other, manifestSha256: "f".repeat(64) }, 1000);
  const told = seal("000002");
  await confirm(told, 1000);
  writeFileSync(join(told.path, "outcome.json"), "{}");
  const waiting = seal("000003");
  const note = {
    incident: "INC-1",
    record: "file",
    where: "",
    postedAt: ago(1),
    state: "waiting" as const,
    withOutcome: false,
  };
  await confirm(waiting, 1000, { notes: [note] });
  const unsealed = captureId("000004");
  mkdirSync(join(spool, unsealed));
  writeFileSync(join(spool, unsealed, "capture.json"), JSON.stringify(captureFile(unsealed)));
  const damaged = seal("000005");
  await confirm(damaged, 1000);
  writeFileSync(join(damaged.path, "manifest.json"), "{");
  const unknown = seal("000006");
  writeFileSync(join(spool, `${unknown.captureId}.receipt.json`), "{");

  const result = await evictUploaded({ ...bounds(), maxBytes: 0 });

  assert.deepEqual(result.evicted, []);
});

test("an outcome that was sent with the rest keeps nothing", async () => {
  const sealed = seal("000001");
  writeFileSync(join(sealed.path, "outcome.json"), "{}");
  utimesSync(join(sealed.path, "outcome.json"), new Date(ago(26)), new Date(ago(26)));
  await confirm(sealed, 25);

  const result = await evictUploaded(bounds());

  assert.deepEqual(result.evicted, [sealed.captureId]);
});

test("a deletion that was cut short is finished", async () => {
  mkdirSync(join(spool, `.evicted-${captureId()}`, "evidence"), { recursive: true });

  await evictUploaded(bounds());

  assert.deepEqual(readdirSync(spool), []);
});

test("a bundle whose guard still waits for COMMAND stays, even in a spool that is full", async () => {
  const sealed = seal("000001");
  const capture = captureFile(sealed.captureId, readOwnIdentity());
  writeFileSync(join(sealed.path, "capture.json"), JSON.stringify(capture));
  await confirm(sealed, 25);

  const { evicted } = await evictUploaded({ ...bounds(), maxBytes: 0 });

  assert.deepEqual(evicted, []);
});
