import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { readOwnIdentity } from "../../src/host/process-identity.ts";
import { updateReceipt } from "../../src/upload/receipt.ts";
import { listSpool } from "../../src/upload/spool.ts";
import { captureFile, captureId, sealBundle } from "../helpers/sealed-bundle.ts";

let spool = "";
beforeEach(() => (spool = mkdtempSync(join(tmpdir(), "exhibit-spool-"))));
afterEach(() => rmSync(spool, { recursive: true, force: true }));

function begin(id: string, agent: Parameters<typeof captureFile>[1]): void {
  mkdirSync(join(spool, id), { recursive: true });
  writeFileSync(join(spool, id, "capture.json"), JSON.stringify(captureFile(id, agent)));
}

test("a spool that is not there holds nothing", async () => {
  assert.deepEqual(await listSpool(join(spool, "none")), []);
});

test("a spool that is a file is an error with what to do", async () => {
  writeFileSync(join(spool, "file"), "");

  await assert.rejects(listSpool(join(spool, "file")), { name: "UploadError", message: /ENOTDIR/ });
});

test("a sealed bundle is listed with all that is told about it", async () => {
  const sealed = sealBundle(spool, { evidence: { "evidence/a/b.txt": "12345" } });
  const outcome = { schemaVersion: 1, captureId: sealed.captureId, argv: ["true"], exitCode: 0 };
  writeFileSync(join(sealed.path, "outcome.json"), JSON.stringify(outcome));
  const receipt = await updateReceipt(spool, sealed.captureId, (one) => one);

  const [entry, ...more] = await listSpool(spool);

  assert.deepEqual(more, []);
  const files = readdirSync(sealed.path, { recursive: true, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  assert.equal(files.length, 8);
  assert.equal(
    entry?.bytes,
    sealed.manifest.files.reduce((sum, file) => sum + file.bytes, 0) +
      JSON.stringify(outcome).length +
      JSON.stringify(sealed.manifest).length +
      1,
  );
  assert.deepEqual(
    { ...entry, bytes: 0 },
    {
      captureId: sealed.captureId,
      path: sealed.path,
      state: "sealed",
      capture: captureFile(sealed.captureId),
      manifest: sealed.manifest,
      outcome,
      receipt,
      bytes: 0,
    },
  );
});

test("a bundle without a manifest is being captured while its process lives, and interrupted after", async () => {
  const own = readOwnIdentity();
  begin(captureId("000001"), own);
  begin(captureId("000002"), { ...own, startTime: "1" });
  begin(captureId("000003"), { ...own, bootId: "another" });
  begin(captureId("000004"), { ...own, pid: 4_194_305 });

  const entries = await listSpool(spool);

  assert.deepEqual(
    entries.map(({ state }) => state),
    ["capturing", "interrupted", "interrupted", "interrupted"],
  );
});

test("what is damaged is listed as damaged with the reason, and hides nothing else", async () => {
  const good = sealBundle(spool, { id: captureId("ffffff") });
  const damage: Readonly<Record<string, readonly [file: string, text: string]>> = {
    "000001": ["manifest.json", ""],
    "000002": ["manifest.json", "{"],
    "000003": ["manifest.json", '{"schemaVersion":2}'],
    "000004": ["capture.json", "\u0000"],
    "000005": ["manifest.json", JSON.stringify(good.manifest)],
    "000006": ["capture.json", JSON.stringify(captureFile(captureId("ffffff")))],
    "000007": ["other", ""],
  };
  for (const [tail, [file, text]] of Object.entries(damage)) {
    mkdirSync(join(spool, captureId(tail)));
    writeFileSync(join(spool, captureId(tail), file), text);
  }
  mkdirSync(join(spool, captureId("000008")));
  symlinkSync("/etc/passwd", join(spool, captureId("000008"), "manifest.json"));
  mkdirSync(join(spool, "strange"));

  const entries = await listSpool(spool);

  assert.deepEqual(
    entries.map(({ state, reason }) => [state, reason]),
    // What tells its start to the millisecond comes before what tells the second alone.
    [
      ["sealed", undefined],
      ["damaged", "manifest.json: empty"],
      ["damaged", "manifest.json: no JSON, or cut"],
      ["damaged", "manifest.json: schemaVersion: Invalid input: expected 1"],
      ["damaged", "capture.json: no JSON, or cut"],
      ["damaged", "manifest.json belongs to another bundle"],
      ["damaged", "capture.json belongs to another bundle"],
      ["damaged", "has neither manifest.json nor capture.json"],
      ["damaged", "manifest.json: not a regular file"],
      ["damaged", "its name is not that of a capture"],
    ],
  );
});

test("files, links and what Exhibit keeps for itself are no bundles", async () => {
  writeFileSync(join(spool, captureId()), "");
  symlinkSync("/", join(spool, captureId("000000")));
  mkdirSync(join(spool, ".locks"));

  assert.deepEqual(await listSpool(spool), []);
});
