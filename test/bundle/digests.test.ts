import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { digestBytes, digestFile, formatSums } from "../../src/bundle/digests.ts";

const folder = mkdtempSync(join(tmpdir(), "exhibit-digests-"));
after(() => rmSync(folder, { recursive: true }));

const MIB = 1024 ** 2;

test("a file of any size has the digest that sha256sum has, piece by piece or at once", async () => {
  for (const size of [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 7]) {
    const data = randomBytes(size);
    const path = join(folder, `of-${size}`);
    writeFileSync(path, data);

    const digest = await digestFile(path);

    const [sha256] = spawnSync("sha256sum", [path], { encoding: "utf8" }).stdout.split(" ");
    assert.deepEqual(digest, { bytes: size, sha256 });
    assert.deepEqual(digestBytes(data), digest);
  }
});

test("a link is refused, even to a file that is there, and so is what is no file", async () => {
  const target = join(folder, "target");
  writeFileSync(target, "x");
  symlinkSync(target, join(folder, "link"));
  mkdirSync(join(folder, "folder"));
  assert.equal(spawnSync("mkfifo", [join(folder, "fifo")]).status, 0);

  await assert.rejects(digestFile(join(folder, "link")), { code: "ELOOP" });
  await assert.rejects(digestFile(join(folder, "missing")), { code: "ENOENT" });
  await assert.rejects(digestFile(join(folder, "folder")), { code: "EISDIR" });
  await assert.rejects(digestFile(join(folder, "fifo")));
});

function check(sums: string) {
  return spawnSync("sha256sum", ["-c", "--strict"], { cwd: folder, input: sums, encoding: "utf8" });
}

test("sha256sum -c reads the sums, and finds the one that is wrong", () => {
  const files = ["a.txt", "b.txt"].map((path) => {
    writeFileSync(join(folder, path), path);
    return { path, sha256: digestBytes(Buffer.from(path)).sha256 };
  });
  const right = check(formatSums(files));
  const wrong = check(
    formatSums(files.map((file) => ({ ...file, sha256: digestBytes(Buffer.from("a.txt")).sha256 }))),
  );

  assert.deepEqual([right.status, right.stdout], [0, "a.txt: OK\nb.txt: OK\n"]);
  assert.deepEqual([wrong.status, wrong.stdout], [1, "a.txt: OK\nb.txt: FAILED\n"]);
});
