import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { redactFile } from "../../../src/bundle/redaction/redact-file.ts";
import { createRedactor } from "../../../src/bundle/redaction/redactor.ts";

const redactor = createRedactor({ values: ["correct-horse-battery"], key: Buffer.alloc(32, 7) });

describe("redactFile", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "redact-file-"));
  });
  after(() => rm(folder, { recursive: true }));

  test("replaces a file that holds a secret and keeps every other byte", async () => {
    const path = join(folder, "log.txt");
    const noise = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
    await writeFile(path, Buffer.concat([noise, Buffer.from("\ncorrect-horse-battery\n"), noise]));

    const counts = await redactFile(redactor, path);

    const data = await readFile(path);
    assert.deepEqual([...counts], [["value", 1]]);
    assert.deepEqual(data.subarray(0, noise.length), noise);
    assert.deepEqual(data.subarray(-noise.length), noise);
    assert.equal(data.includes("correct-horse-battery"), false);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(folder), ["log.txt"]);
  });

  test("does not touch a file without a secret", async () => {
    const path = join(folder, "plain.txt");
    await writeFile(path, "nothing here\n");
    const { ino, mtimeMs } = await stat(path);

    const counts = await redactFile(redactor, path);

    const now = await stat(path);
    assert.equal(counts.size, 0);
    assert.deepEqual([now.ino, now.mtimeMs], [ino, mtimeMs]);
  });

  test("goes on after a run that was killed half way", async () => {
    const path = join(folder, "again.txt");
    await writeFile(path, "correct-horse-battery\n");
    await writeFile(`${path}.redacting`, "[hidden:value");

    await redactFile(redactor, path);

    assert.match(await readFile(path, "utf8"), /^\[hidden:value:[0-9a-f]{8}\]\n$/);
    assert.equal((await readdir(folder)).includes("again.txt.redacting"), false);
  });

  test("refuses to follow a link", async () => {
    const path = join(folder, "link.txt");
    await symlink("plain.txt", path);

    await assert.rejects(redactFile(redactor, path), { code: "ELOOP" });
  });
});
