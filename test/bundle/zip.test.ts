import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { belongsInZip, writeZip, ZIP_MEMBER_LIMIT_BYTES } from "../../src/bundle/zip.ts";

const root = mkdtempSync(join(tmpdir(), "exhibit-zip-"));
after(() => rmSync(root, { recursive: true }));
let count = 0;

const CONTENTS: Readonly<Record<string, Uint8Array>> = {
  "capture.json": Buffer.from("{}\n"),
  "evidence/process/status.txt": Buffer.from("Name:\tnode\n".repeat(1000)),
  "evidence/process/empty.txt": Buffer.alloc(0),
  "evidence/host/random": randomBytes(300_000),
};
const MEMBERS = Object.keys(CONTENTS);

/** A bundle's folder in a spool of its own, and what to write of it. */
function bundle(members: readonly string[] = MEMBERS) {
  const spool = join(root, `spool-${++count}`);
  const folder = join(spool, "ID");
  for (const [path, data] of Object.entries(CONTENTS)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), data);
  }
  const date = new Date("2026-11-22T03:12:07.000Z");
  return { spool, folder, zipPath: join(folder, "bundle.zip"), top: "ID", members, date };
}

test("unzip reads what was put in, byte for byte, below one folder", async () => {
  const request = bundle();

  await writeZip(request);

  const out = join(request.spool, "out");
  const unzip = spawnSync("unzip", ["-q", request.zipPath, "-d", out], { encoding: "utf8" });
  assert.equal(unzip.status, 0, unzip.stdout + unzip.stderr);
  assert.deepEqual(readdirSync(out), ["ID"]);
  for (const [path, data] of Object.entries(CONTENTS))
    assert.ok(readFileSync(join(out, "ID", path)).equals(data), path);
  assert.equal(statSync(request.zipPath).mode & 0o777, 0o600);
});

test("the same members make the same zip", async () => {
  const [one, other] = [bundle(), bundle()];

  await writeZip(one);
  await writeZip(other);

  assert.ok(readFileSync(one.zipPath).equals(readFileSync(other.zipPath)));
});

test("a member that is not there, or named twice, makes no zip and leaves nothing behind", async () => {
  const missing = bundle([...MEMBERS, "evidence/gone.txt"]);
  const twice = bundle([...MEMBERS, "capture.json"]);

  await assert.rejects(writeZip(missing), /gone\.txt/);
  await assert.rejects(writeZip(twice), /named twice/);

  for (const { spool, folder } of [missing, twice]) {
    assert.deepEqual(readdirSync(spool), ["ID"]);
    assert.ok(!readdirSync(folder).includes("bundle.zip"));
  }
});

test("an older zip is replaced as a whole", async () => {
  const request = bundle();
  writeFileSync(request.zipPath, "torn");

  await writeZip(request);

  assert.equal(spawnSync("unzip", ["-tqq", request.zipPath]).status, 0);
});

test("memory never goes into the zip, nor does what is large", () => {
  const sizes = [0, ZIP_MEMBER_LIMIT_BYTES, ZIP_MEMBER_LIMIT_BYTES + 1];

  assert.deepEqual(
    sizes.map((bytes) => belongsInZip({ bytes, sensitivity: "text" })),
    [true, true, false],
  );
  assert.equal(belongsInZip({ bytes: 1, sensitivity: "core" }), false);
});
