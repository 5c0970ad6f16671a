import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { parseS3Credentials, readS3Credentials } from "../../src/upload/s3-credentials.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

const folder = mkdtempSync(join(tmpdir(), "exhibit-credentials-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const TEXT =
  "[other]\naws_access_key_id = no\n[default]\naws_access_key_id = AK\naws_secret_access_key=S/K+\n";

function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

test("keys are those of the default section", async () => {
  const keys = await readS3Credentials(file("keys", TEXT));

  assert.deepEqual(keys, { accessKeyId: "AK", secretAccessKey: "S/K+" });
});

test("keys without any section are taken, with their session token", () => {
  const keys = parseS3Credentials(
    "aws_access_key_id=a\r\naws_secret_access_key = b\r\naws_session_token = c=\r\n",
  );

  assert.deepEqual(keys, { accessKeyId: "a", secretAccessKey: "b", sessionToken: "c=" });
});

test("a file that others may read is refused", async () => {
  const path = file("open", TEXT, 0o640);

  await assert.rejects(readS3Credentials(path), {
    name: "UploadError",
    message: /others may read it/,
    hint: /chmod 0600/,
  });
});

test("a file without keys is refused without a word of its content", async () => {
  const path = file("odd", "aws_secret_access_key = hunter2\n");

  await assert.rejects(readS3Credentials(path), (error: Error) => {
    assert.equal(error.name, "UploadError");
    assert.doesNotMatch(error.message, /hunter2/);
    return true;
  });
});

test("a missing file is named", async () => {
  await assert.rejects(readS3Credentials(join(folder, "none")), {
    name: "UploadError",
    message: /none: .*ENOENT/,
  });
});

test("parsing never throws", () => {
  fc.assert(fc.property(fc.string({ unit: CODE_POINT }), (text) => void parseS3Credentials(text)));
});
