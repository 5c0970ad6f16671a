import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { isBinaryFile } from "../../src/bundle/binary-file.ts";

const folder = mkdtempSync(join(tmpdir(), "exhibit-binary-"));
after(() => rmSync(folder, { recursive: true }));

async function isBinary(data: string | Uint8Array): Promise<boolean> {
  const path = join(folder, "file");
  writeFileSync(path, data);
  return isBinaryFile(path);
}

test("text in UTF-8, Latin-1 or with a terminal's escapes is text, so that it is masked", async () => {
  const cut = Buffer.concat([Buffer.alloc(1024 ** 2 - 1, "a"), Buffer.from("é")]);

  for (const text of [
    "",
    "plain\n",
    "née \u202e",
    "\u001b[31mred\u001b[0m\r\n\b\f",
    Buffer.from("n\xe9e\n", "latin1"),
    cut,
  ])
    assert.equal(await isBinary(text), false);
});

test("a NUL byte anywhere, UTF-16 and packed bytes are binary", async () => {
  const late = Buffer.concat([Buffer.alloc(3 * 1024 ** 2, "a"), Buffer.from([0])]);

  for (const data of [
    Buffer.from([0]),
    late,
    Buffer.from("text", "utf16le"),
    gzipSync("packed"),
    Buffer.from([0xff, 1]),
  ])
    assert.equal(await isBinary(data), true);
});

test("a link is refused", async () => {
  symlinkSync("file", join(folder, "link"));

  await assert.rejects(isBinaryFile(join(folder, "link")), { code: "ELOOP" });
});
